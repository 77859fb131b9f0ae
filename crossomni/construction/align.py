"""Align: the person is the bridge between modalities (section 2.2.3)."""

from __future__ import annotations

from crossomni.construction.drafts import Dropped
from crossomni.records import Annotation, Referent
from crossomni.tasks import Modality

_WHAT = {Modality.AUDIO: "a voice", Modality.VISION: "a look", Modality.TEXT: "a biography"}


def align(annotation: Annotation) -> Annotation | Dropped:
    """Keep a clip whose every person has a voice, a look and a biography, joined without doubt.

    Speaker names join voice and look; the looks that a biography tells join it to sight. A clip where two persons
    share those looks, or where a modality is missing, is dropped.
    """
    clip = annotation.clip.id
    for person in annotation.persons:
        for modality, what in _WHAT.items():
            if not any(fact.modality is modality for fact in person.facts):
                return Dropped(stage="align", item=clip, reason=f"a person without {what}")
        if not any(line.speaker == person.name for line in annotation.clip.lines):
            return Dropped(stage="align", item=clip, reason="a person without a spoken line")
    for peers in (annotation.persons, annotation.things):
        if not _told_apart(peers):
            return Dropped(stage="align", item=clip, reason="a biography that fits two looks")
    return annotation


def _told_apart(peers: tuple[Referent, ...]) -> bool:
    bridges = [frozenset((fact.kind, fact.value) for fact in peer.bridge) for peer in peers]
    return all(bridges) and len(set(bridges)) == len(bridges)
