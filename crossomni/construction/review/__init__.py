"""Human verification of what the pipeline made (section 2.4, B.4): samples, a page for reviewers, agreement."""
