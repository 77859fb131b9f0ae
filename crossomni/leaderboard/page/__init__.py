"""The board in a browser: a table, a page for each system, two systems beside each other, submitting."""
