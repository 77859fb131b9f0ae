"""What a review found: shares that people confirm, and how far people agree with each other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import combinations
from typing import Any

import numpy as np

from crossomni.construction.review.agreement import Coefficient, Judged, cohen, fleiss, krippendorff
from crossomni.construction.review.items import CANNOT_TELL, KINDS, ReviewFolder, ReviewItem
from crossomni.construction.review.labels import PIPELINE, Labels
from crossomni.grids import without_nan
from crossomni.statistics import Estimate, clustered, resample_sums, wilson

# Section 2.4, in percent, of 1,000 each; of biographies it says in words that nothing inappropriate was found.
PUBLISHED: Mapping[str, float | None] = {"voice": 93.1, "description": 96.8, "biography": None, "question": 98.3}
PUBLISHED_IN_WORDS = {"biography": "no inappropriate or illegal content"}
_RESAMPLES, _SEED = 2_000, 0


@dataclass(frozen=True, kw_only=True)
class Subject:
    """One kind of item, or one label of voices. Shares are fractions in [0, 1]."""

    name: str
    items: int  # in the sample
    labelled: int  # by one reviewer at least
    clips: int  # of these
    labels: int
    cannot_tell: int  # of the labels
    reviewers: tuple[str, ...]
    share: Estimate  # items as independent; nan where nothing is labelled
    by_clip: Estimate | None  # the same share with an interval over clips, where the bootstrap can speak
    decided: Estimate  # the share without those who cannot tell
    with_pipeline: Mapping[str, Coefficient]  # by reviewer: Cohen's kappa; empty where the pipeline says one thing
    pairs: Mapping[tuple[str, str], Coefficient]  # Cohen's kappa of each two reviewers
    fleiss: Coefficient
    alpha: Coefficient

    @property
    def published(self) -> str:
        """The paper's figure, or its words; empty where it has none."""
        value = PUBLISHED.get(self.name)
        return PUBLISHED_IN_WORDS.get(self.name, "") if value is None else f"{value:.1f}"

    def to_json(self) -> dict[str, Any]:
        """A plain dict; what has no value is None, and says why."""
        pairs = [{"reviewers": list(pair), **asdict(found)} for pair, found in self.pairs.items()]
        data = {**asdict(self), "pairs": pairs, "published_percent": PUBLISHED.get(self.name)}
        return data | {"published_words": PUBLISHED_IN_WORDS.get(self.name, "")}


@dataclass(frozen=True, kw_only=True)
class Dispute:
    """An item that somebody did not confirm."""

    item: ReviewItem
    said: tuple[tuple[str, str], ...]  # reviewer, label


@dataclass(frozen=True, kw_only=True)
class Figures:
    """All figures of a review."""

    about: Mapping[str, Any]
    subjects: tuple[Subject, ...]
    disputes: tuple[Dispute, ...]

    def to_json(self) -> dict[str, Any]:
        """A plain dict."""
        disputes = [
            {"id": one.item.id, "automatic": one.item.automatic, "said": dict(one.said)} for one in self.disputes
        ]
        data = {"review": dict(self.about), "subjects": [one.to_json() for one in self.subjects], "disputes": disputes}
        cleaned: dict[str, Any] = without_nan(data)
        return cleaned


def figures(folder: ReviewFolder) -> Figures:
    """Read a review's labels and say what they say.

    Raises:
        DataError: when an item or a label is damaged.
    """
    said: dict[str, dict[str, str]] = {}
    for (reviewer, item_id), label in sorted(Labels(folder).last().items()):
        said.setdefault(item_id, {})[reviewer] = label.label
    groups: dict[str, list[ReviewItem]] = {}
    for item in folder.items.values():
        groups.setdefault(item.kind, []).append(item)
        if item.aspect:
            groups.setdefault(item.subject, []).append(item)
    order = sorted(groups, key=lambda name: (KINDS.index(groups[name][0].kind), name))
    disputes = (
        Dispute(item=item, said=tuple(said[item.id].items()))
        for item in folder.items.values()
        if any(label != item.automatic for label in said.get(item.id, {}).values())
    )
    return Figures(
        about=folder.about,
        subjects=tuple(_subject(name, groups[name], said) for name in order),
        disputes=tuple(disputes),
    )


def _subject(name: str, items: Sequence[ReviewItem], said: Mapping[str, Mapping[str, str]]) -> Subject:
    labelled = [item for item in items if said.get(item.id)]
    judged = [Judged(clip_id=item.clip_id, labels=said[item.id]) for item in labelled]
    reviewers = tuple(sorted({who for one in judged for who in one.labels}))
    labels = [label for one in judged for label in one.labels.values()]
    # The labels of a voice have values of their own: put together, chance would look smaller than it is.
    mixed = any(item.aspect for item in items) and name == "voice"
    told = Coefficient(value=None, items=0, why="told for each label of voices")
    with_pipeline = [
        Judged(clip_id=item.clip_id, labels={**one.labels, PIPELINE: item.automatic})
        for item, one in zip(labelled, judged, strict=True)
    ]
    varied = len({item.automatic for item in items}) > 1 and not mixed
    return Subject(
        name=name,
        items=len(items),
        labelled=len(labelled),
        clips=len({item.clip_id for item in labelled}),
        labels=len(labels),
        cannot_tell=labels.count(CANNOT_TELL),
        reviewers=reviewers,
        share=_share(labelled, said),
        by_clip=_by_clip(labelled, said),
        decided=_share(labelled, {item: _decided(those) for item, those in said.items()}),
        with_pipeline={who: cohen(with_pipeline, PIPELINE, who) for who in reviewers} if varied else {},
        pairs={} if mixed else {pair: cohen(judged, *pair) for pair in combinations(reviewers, 2)},
        fleiss=told if mixed else fleiss(judged),
        alpha=told if mixed else krippendorff(judged),
    )


def _decided(labels: Mapping[str, str]) -> dict[str, str]:
    return {who: label for who, label in labels.items() if label != CANNOT_TELL}


def _confirmed(item: ReviewItem, labels: Mapping[str, str]) -> float:
    """The part of its reviewers who say what the pipeline says."""
    return sum(label == item.automatic for label in labels.values()) / len(labels)


def _share(items: Sequence[ReviewItem], said: Mapping[str, Mapping[str, str]]) -> Estimate:
    """One trial an item, however many labelled it: their labels stand and fall together."""
    parts = [_confirmed(item, said[item.id]) for item in items if said[item.id]]
    return wilson(sum(parts) / len(parts) if parts else np.nan, len(parts))


def _by_clip(items: Sequence[ReviewItem], said: Mapping[str, Mapping[str, str]]) -> Estimate | None:
    sums: dict[str, list[float]] = {}
    for item in items:
        of_clip = sums.setdefault(item.clip_id, [0.0, 0.0])
        of_clip[0] += _confirmed(item, said[item.id])
        of_clip[1] += 1
    if not sums:
        return None
    drawn = resample_sums(np.array(list(sums.values())), _RESAMPLES, _SEED)
    confirmed, count = np.array(list(sums.values())).sum(axis=0)
    return clustered(float(confirmed / count), drawn[:, 0] / drawn[:, 1], len(sums))
