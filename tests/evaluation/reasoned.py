"""Runs whose replies reason, on the training rows that come with the package: written down, not asked of a model."""

from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path

from crossomni.answers import read_answer
from crossomni.corpus import Corpus
from crossomni.evaluation.folder import RunFolder
from crossomni.ledger import Ledger
from crossomni.records import Annotation, Fact, Person, Prediction, Referent, Row
from crossomni.truth.meant import Meant, meant

TRAIN = "train"


@cache
def shipped() -> Corpus:
    """The set inside the package."""
    return Corpus.open("playhouse")


@cache
def annotation_of(clip_id: str) -> Annotation:
    """What is so in one of its clips."""
    found = shipped().annotation(clip_id)
    assert found is not None
    return found


@cache
def truth_of(row: Row) -> Meant:
    """Whom a row is about."""
    found = meant(row, annotation_of(row.clip_id))
    assert found is not None
    return found


def write_run(
    folder: Path,
    reply: Callable[[Row], str | None],
    count: int = 10,
    corpus: Corpus | None = None,
    knock_out: tuple[str, ...] = (),
    split: str = TRAIN,
) -> tuple[Row, ...]:
    """A run on the first rows of a split; a reply that is None is a failure. Its rows are returned."""
    corpus = corpus or shipped()
    rows = corpus.rows(split)[:count]
    data = "playhouse" if corpus is shipped() else str(corpus.folder)
    with Ledger(folder / "predictions.jsonl") as ledger:
        RunFolder(folder).claim(
            {
                "configuration": {"data": data, "split": split, "annotations": None, "media": None},
                "model": "written",
                "knock_out": list(knock_out),
                "fingerprints": {"data": corpus.fingerprint},
                "rows": len(rows),
                "versions": {},
            }
        )
        for row in rows:
            ledger.append(_prediction(row, reply(row)).to_json())
    return rows


def thought(row: Row, reasoning: str | None = None, letter: str | None = None) -> str:
    """A reply with a think block: the row's rationale and its answer unless told otherwise."""
    return f"<think>{row.rationale if reasoning is None else reasoning}</think>\n{letter or row.answer}"


def wrong(row: Row) -> str:
    """A letter that is not the answer."""
    return next(letter for letter in row.letters if letter != row.answer)


def exchanged(row: Row, step: str) -> str:
    """The row's rationale, in which from one step on (source, bridge, target) everything is another's."""
    truth = truth_of(row)
    one = truth.peers[truth.referent]
    other = truth.peers[(truth.referent + 1) % len(truth.peers)]
    lines = row.rationale.split("\n")
    start = {"source": 1, "bridge": 2, "target": 3}[step]
    return "\n".join([*lines[:start], *(_put(line, one, other, truth) for line in lines[start:])])


def _put(line: str, one: Referent, other: Referent, truth: Meant) -> str:
    """Put another's name, look, times and answer in the place of one's, but not in that of the question's clue."""
    asked = other.fact(truth.asked.modality, truth.asked.kind)
    assert asked is not None
    instead = {**dict(zip(_marks(one), _marks(other), strict=True)), truth.asked.value: asked.value}
    clue, verb, found = line.partition(" is the ") if _holds_clue(line, truth.clue) else ("", "", line)
    if verb:
        return f"{clue}{verb}{_replace(found, instead)}"
    return _replace(line, instead)


def _holds_clue(line: str, clue: Fact) -> bool:
    return line.startswith("2. ") and clue.value in line


def _replace(text: str, instead: Mapping[str, str]) -> str:
    longest = sorted(instead, key=len, reverse=True)
    for number, words in enumerate(longest):
        text = text.replace(words, f"\0{number}\0")
    for number, words in enumerate(longest):
        text = text.replace(f"\0{number}\0", instead[words])
    return text


def _marks(one: Referent) -> list[str]:
    """What a rationale calls somebody by."""
    if not isinstance(one, Person):
        return [one.name]
    told = {fact.kind: fact.value for fact in one.bridge}
    line = one.lines[0]
    times = f"{line.start_seconds:.1f} s to {line.end_seconds:.1f} s"
    return [one.name, told["accessory"], f"{told['trousers']} trousers", times, f"saying “{line.text}”"]


def _prediction(row: Row, reply: str | None) -> Prediction:
    said = None if reply is None else read_answer(reply, row.options)
    return Prediction(
        id=row.id,
        task=row.task.id if row.task else "",
        clip_id=row.clip_id,
        state=said.state if said else "failed",
        letter=said.letter if said else None,
        reply=reply or "",
        receipt=None,
        error="" if said else "ModelError: no",
    )
