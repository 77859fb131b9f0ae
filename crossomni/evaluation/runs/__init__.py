"""How rows are asked, and how what was said is kept."""
