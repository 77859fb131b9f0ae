"""Makes the documentation site: sources laid out as a site wants them, and what is generated from the package."""
