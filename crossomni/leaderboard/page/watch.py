"""The board as it is now: looked after beside the readers, who never wait for it."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from crossomni.errors import CrossOmniError
from crossomni.leaderboard.board import Board

_LOG = logging.getLogger(__name__)


class Watch:
    """Builds the board anew when the store has changed. Readers get the last one that was built.

    ``look`` is cheap and gives something that differs once the store has changed; ``build`` makes the board.
    """

    def __init__(self, look: Callable[[], object], build: Callable[[], Board], *, every_seconds: float) -> None:
        self._look, self._build, self._every = look, build, every_seconds
        self._building = threading.Lock()
        self._stopped = threading.Event()
        # Looked at before it is built: what comes in between makes a second build, and is never overlooked.
        self._seen = look()
        self._board = build()
        self._thread = threading.Thread(target=self._run, name="board", daemon=True)

    @property
    def board(self) -> Board:
        """The last board that was built."""
        return self._board

    def refresh(self) -> Board:
        """The board with all that is in the store now; waits for it.

        Raises:
            CrossOmniError: when it cannot be built.
        """
        with self._building:
            seen = self._look()
            if seen != self._seen:
                self._board = self._build()
                self._seen = seen
            return self._board

    def start(self) -> None:
        """Look at the store now and then, until ``stop``."""
        self._thread.start()

    def stop(self) -> None:
        """Look no more."""
        self._stopped.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        while not self._stopped.wait(self._every):
            try:
                self.refresh()
            except (CrossOmniError, OSError) as error:
                # A store that cannot be reached for a while: the readers keep the board that is there.
                _LOG.warning("the board was not built anew, and stays as it was: %s", error)
