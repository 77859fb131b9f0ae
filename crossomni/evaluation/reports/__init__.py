"""What is told of runs: their report, comparisons, controlled experiments, and how far a score can be trusted."""
