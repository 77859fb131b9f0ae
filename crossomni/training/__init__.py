"""Rows to weights: supervised fine-tuning with rationales, then GRPO with a judge (section 4.2.2, B.2)."""
