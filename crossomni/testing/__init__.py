"""Public fakes and small real media for tests: what they hold is known exactly, and nothing is downloaded."""

from crossomni.testing.clips import TONE_HZ, frame_number, write_clip

__all__ = ["TONE_HZ", "frame_number", "write_clip"]
