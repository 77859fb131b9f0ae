"""Evaluation: rows to a model to predictions to scores and a report."""
