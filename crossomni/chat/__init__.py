"""The one client of chat servers that speak OpenAI's protocol: vLLM, TGI, transformers serve, llama.cpp.

    async with Chat(ChatConfig(url="http://localhost:8000/v1", model="Qwen/Qwen3-Omni-30B-A3B-Instruct")) as chat:
        reply = await chat.ask([{"role": "user", "content": [video_part(path), text_part("Who speaks?")]}])

What can pass by itself is tried again; what fails in the end is a ``ChatError`` with a named state, never a text. The
API key is read from the environment variable OPENAI_API_KEY, and is in no message, no cache and no configuration.
"""

from crossomni.chat.cache import ReplyCache
from crossomni.chat.client import Chat, ask_all
from crossomni.chat.config import ChatConfig
from crossomni.chat.parts import Messages, Part, audio_part, image_part, text_part, video_part
from crossomni.chat.replies import ChatReply, Usage
from crossomni.chat.spending import Price, Spent

__all__ = [
    "Chat",
    "ChatConfig",
    "ChatReply",
    "Messages",
    "Part",
    "Price",
    "ReplyCache",
    "Spent",
    "Usage",
    "ask_all",
    "audio_part",
    "image_part",
    "text_part",
    "video_part",
]
