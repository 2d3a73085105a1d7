"""Who changed what and when: the audit trail of a review, and what it makes of each lesion."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Literal

import numpy as np

from netlm_imaging.errors import Fault, UsageError, printable
from netlm_imaging.volume import LabelMap

Status = Literal["unreviewed", "accepted", "rejected", "unsure"]
Part = Literal["lesions", "liver", "segments"]
"""The masks that are edited."""
Action = Literal[
    "paint",
    "erase",
    "grow",
    "threshold",
    "split",
    "merge",
    "delete",
    "relabel",
    "new",
    "fill",
    "landmarks",
    "replace",
    "recovered",
    "undo",
    "redo",
    "status",
    "saved",
]
"""``replace``: another mask was taken for this one; ``recovered``: a stroke that a crash cut short."""
LONGEST_NAME = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Hash:
    """The state of one mask file of the review, by its voxels."""

    file: str
    sha256: str
    """``mask_sha256`` of its voxels; plan.json names masks by the same hash."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One line of the audit trail. Raises UsageError (BAD_REVIEW) for a time without a zone and no name."""

    when: datetime
    """With its zone, UTC in the file."""
    who: str
    """As the reviewer wants to be called; never the patient."""
    action: Action
    part: Part = "lesions"
    lesions: tuple[int, ...] = ()
    """Regions that it touches: lesion ids, segment numbers."""
    status: Status | None = None
    """For action ``status``: what the lesions became."""
    voxels: int = 0
    """So many changed."""
    volume_change_ml: float = 0.0
    """Of all regions of the mask together."""
    landmarks: dict[str, tuple[float, float, float]] | None = None
    """All that are set after it, LPS mm, where it moved one: segments follow them by ``segment.couinaud``."""
    masks: tuple[Hash, ...] = ()
    """For action ``saved``: the files as they were written."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "who", reviewer(self.who))
        if self.when.tzinfo is None or self.when.utcoffset() is None:
            raise _bad("a time with its zone", "one without")
        if (self.action == "status") != (self.status is not None):
            raise _bad("a status for the action status alone", f"{self.status} for {self.action}")


def reviewer(name: str) -> str:
    """``name`` as it is kept. Raises UsageError (BAD_REVIEW) for an empty one, or more than 64 characters."""
    cleaned = printable(name.strip())
    if not 0 < len(cleaned) <= LONGEST_NAME:
        raise _bad(f"a reviewer's name of 1 to {LONGEST_NAME} characters", f"one of {len(cleaned)}")
    return cleaned


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """A review so far. Nothing is ever taken out of it: what was undone stands there as undone."""

    events: tuple[Event, ...] = ()
    statuses: Mapping[int, Status]
    """By lesion id, of lesions that are gone too; an id that is not there is unreviewed."""

    @classmethod
    def of(cls, events: Iterable[Event] = ()) -> Review:
        """The review that ``events`` tell, in their order."""
        kept = tuple(events)
        statuses: dict[int, Status] = {}
        for event in kept:
            if event.status is not None:
                statuses.update(dict.fromkeys(event.lesions, event.status))
        return cls(events=kept, statuses=MappingProxyType(statuses))

    def with_event(self, event: Event) -> Review:
        """The review one event later."""
        statuses = dict(self.statuses)
        if event.status is not None:
            statuses.update(dict.fromkeys(event.lesions, event.status))
        return Review(events=(*self.events, event), statuses=MappingProxyType(statuses))

    @property
    def landmarks(self) -> Mapping[str, tuple[float, float, float]]:
        """Those of the segments that are set, LPS mm."""
        told = (event.landmarks for event in reversed(self.events) if event.landmarks is not None)
        return next(told, {})

    def status(self, lesion: int) -> Status:
        """What the reviewers say of a lesion."""
        return self.statuses.get(lesion, "unreviewed")

    @property
    def rejected(self) -> frozenset[int]:
        """Lesions that are none."""
        return frozenset(lesion for lesion, status in self.statuses.items() if status == "rejected")

    @property
    def used(self) -> tuple[int, ...]:
        """Every id that the trail names: none of them is given to a new lesion."""
        named = (event.lesions for event in self.events if event.part == "lesions")
        return tuple(sorted({lesion for lesions in named for lesion in lesions}))


def next_unreviewed(review: Review, lesions: Sequence[int], *, after: int | None = None) -> int | None:
    """The next lesion of the list ``lesions`` that nobody has judged, from its start again at its end.

    None where all are judged. ``after``: the lesion that is shown.
    """
    start = lesions.index(after) + 1 if after in lesions else 0
    ahead = [*lesions[start:], *lesions[:start]]
    return next((lesion for lesion in ahead if review.status(lesion) == "unreviewed"), None)


def counted(lesions: LabelMap, review: Review) -> LabelMap:
    """The lesions that the plan counts: all but the rejected ones, under their numbers.

    What nobody has judged, and what is unsure, counts: it is tumor until somebody says that it is none.
    """
    none = [label for label in lesions.labels if label in review.rejected]
    if not none:
        return lesions
    return LabelMap(np.where(np.isin(lesions.array, none), 0, lesions.array), lesions.grid)


def _bad(expected: str, found: str) -> UsageError:
    return UsageError(Fault(code="BAD_REVIEW", expected=expected, found=found, where="review"))
