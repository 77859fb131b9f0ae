"""The tests of the corpus are in ``tests/corpus``; two of their helpers by their old place."""

from tests.corpus.conftest import change_line, media_of

__all__ = ["change_line", "media_of"]
