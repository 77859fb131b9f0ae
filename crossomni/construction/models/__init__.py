"""Models behind endpoints annotate, write and verify (sections 2.2.2 to 2.3), where playhouse has its truth."""
