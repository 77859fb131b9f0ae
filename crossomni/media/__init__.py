"""Frames and sound of a clip: decoded once, kept on disk without loss."""

from crossomni.media.altered import AlteredClip
from crossomni.media.cache import FrameCache
from crossomni.media.clip import ClipFile

__all__ = ["AlteredClip", "ClipFile", "FrameCache"]
