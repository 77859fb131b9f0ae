"""``python -m crossomni`` is the command ``crossomni``."""

from crossomni.cli import main

main()
