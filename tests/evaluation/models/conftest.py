"""The tiny omni models of ``tests/omni``, for those who ask them questions."""

from tests.omni.conftest import asks, clip, folders, tiny

__all__ = ["asks", "clip", "folders", "tiny"]
