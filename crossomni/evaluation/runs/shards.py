"""Its old place: ``crossomni.evaluation.shards``."""

from crossomni.evaluation.shards import Shard

__all__ = ["Shard"]
