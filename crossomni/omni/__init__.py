"""Omni-LLMs by transformers: Qwen2.5-Omni and Qwen3-Omni thinkers, and what is fine-tuned from them."""
