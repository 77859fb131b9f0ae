"""What a training will take, said before anything of it is loaded: rows, steps, tokens, memory, calls, time.

Known are the model's configuration, the data's tables of rows, and the lengths and sizes of some clips. What is
computed from those alone is exact; what is modelled or measured is called an estimate.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

from crossomni.corpus import Corpus
from crossomni.grids import Grid, markdown, tables
from crossomni.records import Row
from crossomni.training.config import GRPOTraining, SFTTraining, Switch
from crossomni.training.examples import check_rationales, examples, words
from crossomni.training.planning.architecture import Thinker, found, thinker_of
from crossomni.training.planning.asking import Asking, asking
from crossomni.training.planning.effort import UTILISATION, Stretch, stretches
from crossomni.training.planning.lengths import ROWS, Lengths, evenly, lengths, plain
from crossomni.training.planning.machine import Machine, this_machine
from crossomni.training.planning.memory import Part, on_device, on_disk, parameters_trained
from crossomni.training.planning.schedule import Schedule, processes, schedule
from crossomni.training.planning.sharing import Sharing, sharing
from crossomni.training.selection import clips_of, select

if TYPE_CHECKING:
    from rich.table import Table


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What a training will take."""

    config: SFTTraining | GRPOTraining
    thinker: Thinker
    rows: int  # that are trained on
    held_out: int
    clips: int  # of both
    notes: tuple[str, ...]
    schedule: Schedule
    lengths: Lengths
    sharing: Sharing
    memory: tuple[Part, ...]  # of each device; an estimate
    store: Part  # on disk
    asking: Asking
    machine: Machine
    time: tuple[Stretch, ...]  # an estimate

    @property
    def memory_bytes(self) -> float:
        """Of each device, all that counts together."""
        return sum(part.bytes for part in self.memory if part.counted)

    @property
    def seconds(self) -> float:
        """Of the whole training, without waiting for a judge."""
        return sum(stretch.seconds for stretch in self.time)

    @property
    def fits(self) -> bool:
        """Whether each device has room, by the estimate."""
        return self.memory_bytes < self.machine.memory_bytes

    @property
    def tokens(self) -> dict[str, int]:
        """Of the whole training: what is read, and what is taught (SFT) or generated at most (GRPO)."""
        one, samples = plain(self.lengths), self.schedule.completions or self.schedule.seen
        counted = {name: round(one[name] * samples) for name in ("text", "video", "audio")}
        if isinstance(self.config, GRPOTraining):
            return counted | {"generated, at most": samples * self.config.most_new_tokens}
        return counted | {"taught": round(one["reply"] * samples)}

    def tables(self) -> tuple[Table, ...]:
        """Tables for the terminal, 100 columns wide at most."""
        return tables(self._grids(), self._legend)

    def to_markdown(self) -> str:
        """The same in Markdown."""
        return markdown(self._grids(), self._legend)

    def to_json(self) -> dict[str, Any]:
        """All figures, undrawn and unrounded: bytes, seconds, tokens."""
        return {
            "model": self.config.model,
            "thinker": {name: value for name, value in asdict(self.thinker).items() if name != "projections"},
            "trained": parameters_trained(self.config, self.thinker),
            "rows": self.rows,
            "held_out": self.held_out,
            "clips": self.clips,
            "notes": list(self.notes),
            "schedule": asdict(self.schedule) | {"seen": self.schedule.seen, "completions": self.schedule.completions},
            "lengths": asdict(self.lengths),
            "tokens": self.tokens,
            "sharing": asdict(self.sharing) | {"tokens": self.sharing.tokens},
            "memory": {"parts": [asdict(part) for part in self.memory], "bytes": self.memory_bytes, "fits": self.fits},
            "store": asdict(self.store),
            "judge": asdict(self.asking),
            "machine": asdict(self.machine),
            "time": {"parts": [asdict(stretch) for stretch in self.time], "seconds": self.seconds},
        }

    @property
    def _legend(self) -> str:
        machine = self.machine
        room = "fits" if self.fits else "DOES NOT FIT"
        return " ".join(
            [
                *self.notes,
                f"Memory is an estimate and {room} into the {size(machine.memory_bytes)} of {machine.name}.",
                f"Time is an estimate: {UTILISATION:.0%} of {machine.operations_a_second / 1e9:,.0f} GFLOP/s "
                f"({machine.known_from}) are taken to be reached. It is without saving, looks at held-out rows, and "
                "waiting for a judge.",
            ]
        )

    def _grids(self) -> Iterator[Grid]:
        yield _grid("The training", self._training())
        yield _grid("Tokens", self._tokens())
        yield _grid("Memory of each device, estimated", self._memory())
        if isinstance(self.config, GRPOTraining):
            yield _grid("The judge, at most", self._judge())
        yield _grid("Time, estimated", self._time())

    def _training(self) -> Iterator[tuple[str, str, str]]:
        thinker, trained = self.thinker, parameters_trained(self.config, self.thinker)
        yield "model", self.config.model, thinker.known_from
        yield "parameters", number(thinker.parameters), f"{number(thinker.language)} of them the language model"
        how = f"LoRA r {self.config.lora_rank}, {len(thinker.projections)} projections of the language model"
        whole = "the whole language model; the towers stay"
        yield "trained", number(trained), how if self.config.lora == "on" else whole
        yield "rows", f"{self.rows:,}", f"and {self.held_out:,} held out, on {self.clips:,} clips together"
        yield "steps", f"{self.schedule.steps:,}", self.schedule.told

    def _tokens(self) -> Iterator[tuple[str, str, str]]:
        one = plain(self.lengths)
        for name, count in self.tokens.items():
            part = f"{one[name]:,} a row" if name in one else f"{one['reply']:,} in a row's own rationale and answer"
            yield name, number(count), part
        yield "learned from", number(self.sharing.tokens), f"{self.sharing.told}; what is shared is read once"
        yield "longest row", f"{self.lengths.longest:,}", f"{self.lengths.measured}; {self.lengths.by}"

    def _memory(self) -> Iterator[tuple[str, str, str]]:
        for part in self.memory:
            yield part.name, size(part.bytes) if part.counted else f"({size(part.bytes)})", part.how
        yield "together", size(self.memory_bytes), "without what stands in brackets"
        yield "on disk", size(self.store.bytes), f"{self.store.name}: {self.store.how}"

    def _judge(self) -> Iterator[tuple[str, str, str]]:
        yield "calls", f"{self.asking.calls:,}", self.asking.how
        if self.asking.calls:
            yield "tokens", number(self.asking.read + self.asking.written), f"{number(self.asking.written)} written"
            cost = self.asking.cost
            yield (
                "cost",
                "not known" if cost is None else f"{cost:,.2f}",
                "--judge-price prompt=…,completion=… makes it known" if cost is None else "by --judge-price",
            )

    def _time(self) -> Iterator[tuple[str, str, str]]:
        for stretch in self.time:
            yield stretch.name, duration(stretch.seconds), stretch.how
        yield "together", duration(self.seconds), f"{duration(self.seconds / self.schedule.steps)} a step"


def plan(
    config: SFTTraining | GRPOTraining,
    *,
    devices: int | None = None,
    machine: Machine | None = None,
) -> Plan:
    """What a training of this configuration will take; no weight is loaded, and nothing is written.

    Args:
        devices: that train at once; by default as many as ``accelerate launch`` started.
        machine: what each of them is (``known_machine``); by default this one, measured in less than a second.

    Raises:
        InputError: for what cannot be trained: batches that do not divide, a model or data that are not there.
    """
    corpus = Corpus.open(config.data, config.annotations, config.media)
    chosen = select(config, corpus)
    steps = schedule(config, len(chosen.trained), processes() if devices is None else devices)
    taught = config.rationale if isinstance(config, SFTTraining) else _rationale(chosen.trained)
    if taught == "on":
        check_rationales(chosen.trained)
    some = evenly(chosen.trained, ROWS)
    said = examples(corpus, some, prompt=config.prompt, prompts=config.prompts, rationale=taught)
    with found(config.model, config.tiny, words(said)) as source:
        thinker = thinker_of(config.model, source, trust=config.trust_remote_code)
        long = lengths(said, corpus, config.shown, thinker, source)
    device = machine or this_machine(thinker.bytes_each)
    if not device.is_gpu:
        thinker = replace(thinker, bytes_each=4)  # without an accelerator, weights are loaded in float32
    clips = len(clips_of(chosen.rows))
    shared = sharing(config, steps, long, [row.clip_id for row in chosen.trained])
    return Plan(
        config=config,
        thinker=thinker,
        rows=len(chosen.trained),
        held_out=len(chosen.held_out),
        clips=clips,
        notes=chosen.notes,
        schedule=steps,
        lengths=long,
        sharing=shared,
        memory=on_device(config, thinker, steps, long, shared, is_gpu=device.is_gpu),
        store=on_disk(config, thinker, long, clips),
        asking=asking(config, steps, long, chosen.trained),
        machine=device,
        time=stretches(config, thinker, steps, long, device, shared, clips=clips),
    )


def _rationale(rows: Sequence[Row]) -> Switch:
    """GRPO can do without rationales where no judge needs them; their lengths then tell nothing of completions."""
    return "on" if all(row.rationale.strip() for row in rows) else "off"


def _grid(title: str, rows: Iterator[tuple[str, str, str]]) -> Grid:
    return Grid(title, ("", "", ""), tuple(rows), left=(0, 2))


def number(count: float) -> str:
    """A large number.

    >>> number(8_931_813_888), number(40_370_176), number(250_000), number(9_999)
    ('8.93 billion', '40.4 million', '250,000', '9,999')
    """
    for unit, name in ((1e9, "billion"), (1e6, "million")):
        if count >= unit:
            return f"{count / unit:.3g} {name}"
    return f"{count:,.0f}"


def size(count: float) -> str:
    """Bytes, in powers of 1,024 as GPUs are sold.

    >>> size(17_863_627_776), size(1_048_576), size(0)
    ('16.6 GiB', '1.0 MiB', '0 B')
    """
    for unit, name in ((2**30, "GiB"), (2**20, "MiB"), (2**10, "KiB")):
        if count >= unit:
            return f"{count / unit:,.1f} {name}"
    return f"{count:.0f} B"


def duration(seconds: float) -> str:
    """A length of time, to two figures or so.

    >>> duration(0.031), duration(42), duration(700), duration(9_000), duration(200_000)
    ('0.031 s', '42 s', '12 min', '2.5 h', '2.3 days')
    """
    if seconds < 90:
        return f"{seconds:.2g} s" if seconds < 10 else f"{seconds:.0f} s"
    for unit, most, name in ((60, 5_400, "min"), (3_600, 129_600, "h")):
        if seconds < most:
            return f"{seconds / unit:.2g} {name}"
    return f"{seconds / 86_400:,.1f} days"
