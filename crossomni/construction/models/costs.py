"""What asking models came to: in this run, and in all runs over a folder, which ``progress.json`` there tells."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path

from crossomni.chat.spending import Spent
from crossomni.errors import RunError
from crossomni.ledger import write_json

PROGRESS = "progress.json"
Bill = Mapping[str, Spent]  # by role


@dataclass(frozen=True, kw_only=True)
class Progress:
    """How far a build is."""

    clips: int = 0  # that are done, in earlier runs too
    spent: Bill = field(default_factory=dict)

    @property
    def calls(self) -> int:
        """Replies that servers gave."""
        return sum(one.replies for one in self.spent.values())

    @classmethod
    def read(cls, folder: Path) -> Progress:
        """What stands in a folder; nothing done where nothing does.

        Raises:
            RunError: when it is damaged.
        """
        path = folder / PROGRESS
        try:
            told = json.loads(path.read_text(encoding="utf-8"))
            spent = {role: Spent(**one) for role, one in told["spent"].items()}
            return cls(clips=int(told["clips"]), spent=spent)
        except FileNotFoundError:
            return cls()
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise RunError(
                f"{path}: cannot be read ({error}). Remove it; it holds what was spent, and no more."
            ) from error

    def write(self, folder: Path) -> None:
        """Put it in the place of what stands there."""
        spent = {role: asdict(one) for role, one in self.spent.items()}
        write_json(folder / PROGRESS, {"clips": self.clips, "spent": spent})

    def since(self, earlier: Progress) -> Progress:
        """With what was spent after an earlier state."""
        spent = {role: _less(one, earlier.spent.get(role, Spent())) for role, one in self.spent.items()}
        return Progress(clips=self.clips, spent=spent)


def summed(parts: Iterable[Progress]) -> Progress:
    """Of several folders."""
    clips, spent = 0, dict[str, Spent]()
    for part in parts:
        clips += part.clips
        spent = added(spent, part.spent)
    return Progress(clips=clips, spent=spent)


def added(one: Bill, other: Bill) -> dict[str, Spent]:
    """Both together."""
    return {role: one.get(role, Spent()) + other.get(role, Spent()) for role in dict.fromkeys((*one, *other))}


def _less(one: Spent, other: Spent) -> Spent:
    return Spent(**{f.name: getattr(one, f.name) - getattr(other, f.name) for f in fields(Spent)})
