"""The board as a Space; README.md says which variables it wants."""

import os

from crossomni.leaderboard.space import run

if __name__ == "__main__":
    run(os.environ)
