"""A run with others beside it, which show how far its score can be trusted: one command, one report."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, fields, replace

from crossomni.errors import InputError
from crossomni.evaluation.config import KNOCK_OUTS, ROTATIONS, EvalConfig, KnockOut

# Single ones, and no sense at all.
_MATRIX: tuple[tuple[KnockOut, ...], ...] = (*((name,) for name in KNOCK_OUTS), ("sound", "sight"))


@dataclass(frozen=True, kw_only=True)
class StudyConfig(EvalConfig):
    """Ask one model every question of a split once, and again in other ways where that is asked for.

    The runs beside the plain one have folders of their own inside its folder: ``prompt-cot``, ``rotation-1`` to
    ``rotation-3``, ``repeat-1`` and on, ``knock-out-sound`` and so on.
    """

    also: tuple[str, ...] = field(default=(), metadata={"help": "Also with these prompts, as cot,icl."})
    rotate: bool = field(default=False, metadata={"help": "Also with the other three rotations of the options."})
    repeats: int = field(default=1, metadata={"help": "How often in all, for a model that samples its replies."})
    matrix: bool = field(default=False, metadata={"help": "Also with each knock-out that the data allow."})
    preflight: int = field(
        default=0,
        metadata={
            "help": "Before all else, exchange the sound and the pictures of so many clips, and see that the "
            "model's log-probabilities move."
        },
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.repeats < 1 or self.preflight < 0:
            raise InputError(f"repeats is {self.repeats}, preflight {self.preflight}; wanted 1 and 0, or more.")
        if self.repeats > 1 and not self.temperature:
            raise InputError("repeats say nothing of a model that does not sample. Give --temperature too.")
        if self.matrix and self.knock_out:
            raise InputError("matrix makes all knock-outs. Leave --knock-out away.")
        if (self.rotate and self.rotation) or (self.repeats > 1 and self.repeat):
            raise InputError("rotate and repeats begin at 0. Leave --rotation and --repeat away.")

    @property
    def plain(self) -> EvalConfig:
        """The run itself."""
        return EvalConfig(**{f.name: getattr(self, f.name) for f in fields(EvalConfig)})

    def beside(self) -> Iterator[EvalConfig]:
        """The runs beside it."""
        plain = self.plain
        for prompt in dict.fromkeys(self.also):
            if prompt != plain.prompt:
                yield replace(plain, prompt=prompt, out=self.out / f"prompt-{prompt}")
        for rotation in range(1, ROTATIONS if self.rotate else 1):
            yield replace(plain, rotation=rotation, out=self.out / f"rotation-{rotation}")
        for repeat in range(1, self.repeats):
            yield replace(plain, repeat=repeat, out=self.out / f"repeat-{repeat}")
        for knock_out in _MATRIX if self.matrix else ():
            yield replace(plain, knock_out=knock_out, out=self.out / f"knock-out-{'-and-'.join(knock_out)}")
