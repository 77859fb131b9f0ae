"""The leaderboard: runs become submissions, and a board is made from submissions and labels alone."""
