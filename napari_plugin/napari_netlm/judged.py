"""What reviewers have judged, as a desk keeps it among its records; no Qt."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_netlm.steps import Judged, Landmarks
from netlm_imaging.review import Change, Event, Part, Review
from netlm_imaging.review.records import Action
from netlm_imaging.review.trail import HEADER, line_of, review_of

if TYPE_CHECKING:
    from napari_netlm.desk import Desk

NOBODY = "no name given"
RECORD = "review"
"""Name of the record: the audit trail, a value of JSON types for each event."""


def record_line(event: Event) -> Any:
    """One event as a record keeps it."""
    return json.loads(line_of(event))


def review_in(records: Mapping[str, Any]) -> Review:
    """The review among ``records``; an empty one where there is none. Raises InputError (BAD_REVIEW)."""
    lines = records.get(RECORD, [])
    return review_of(HEADER + "".join(json.dumps(line) + "\n" for line in lines))[0]


class Journal:
    """The audit trail of one desk while it grows."""

    def __init__(self, desk: Desk, *, who: str, now: Callable[[], datetime]) -> None:
        self.desk = desk
        self.who = who
        """As the reviewer wants to be called."""
        self.now = now
        self.review = review_in(desk.records)
        self._lines = [record_line(event) for event in self.review.events]

    def event(self, action: Action, **facts: Any) -> Event:
        """What happens now, as the trail would tell it."""
        return Event(when=self.now(), who=self.who.strip() or NOBODY, action=action, **facts)

    def keep(self, event: Event) -> None:
        """Add it to the trail, and to the records of the desk."""
        self.review = self.review.with_event(event)
        self._lines.append(record_line(event))
        self.desk.record(RECORD, list(self._lines))

    def log(self, action: Action, **facts: Any) -> None:
        """Add what happens now."""
        self.keep(self.event(action, **facts))

    def log_statuses(self, statuses: Judged) -> None:
        """Add what lesions became, an event for each status."""
        for status in dict.fromkeys(status for _, status in statuses):
            of = tuple(n for n, other in statuses if other == status)
            self.log("status", lesions=of, status=status)

    def log_edit(self, action: Action, part: Part, change: Change, points: Landmarks | None) -> None:
        """Add an edit of a mask that was made now, with the landmarks that came with it."""
        gained = int(np.count_nonzero(change.new)) - int(np.count_nonzero(change.old))
        self.log(
            action,
            part=part,
            lesions=change.labels,
            voxels=int(change.voxels.size),
            volume_change_ml=round(gained * self.desk.study.grid.voxel_ml, 6),
            landmarks=None if points is None else dict(points),
        )
