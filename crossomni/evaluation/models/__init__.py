"""Who answers: baselines, language models, Omni-LLMs by transformers or behind a server, and classes of your own."""

from crossomni.evaluation.models.protocol import Ask, Model, Said, StreamingModel

__all__ = ["Ask", "Model", "Said", "StreamingModel"]
