"""Frames and sound of a clip: decoded once, kept on disk without loss."""

from crossomni.media.altered import AlteredClip
from crossomni.media.cache import FrameCache
from crossomni.media.clip import ClipFile
from crossomni.media.tracks import track, wav

__all__ = ["AlteredClip", "ClipFile", "FrameCache", "track", "wav"]
