"""Playhouse: small filmed plays whose every fact is known. It makes clips and their truth, never rows."""
