"""Frames and sound of a clip, decoded once and kept."""

from crossomni.media.cache import FrameCache
from crossomni.media.clip import ClipFile

__all__ = ["ClipFile", "FrameCache"]
