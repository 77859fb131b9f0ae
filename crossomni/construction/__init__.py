"""Construction: clips to annotations to referents to questions to rows; each item kept, or dropped with a reason."""
