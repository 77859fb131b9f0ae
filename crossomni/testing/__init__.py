"""Public fakes and small real media for tests: what they hold is known exactly, and nothing is downloaded."""

from crossomni.testing.chat_server import ChatServer
from crossomni.testing.clips import TONE_HZ, frame_number, write_clip
from crossomni.testing.omni import tiny_omni

__all__ = ["TONE_HZ", "ChatServer", "frame_number", "tiny_omni", "write_clip"]
