"""What a training leaves behind: history, curves, record, report, model card."""
