"""A review on a desk: a list that follows every edit, judgements, undo, the audit trail; no Qt."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from psygnal import Signal

from napari_netlm.desk import Desk
from napari_netlm.judged import Journal
from napari_netlm.layers import drawn_only
from napari_netlm.lesion_figures import middle_of
from napari_netlm.measuring import Measuring, require_liver
from napari_netlm.review_files import save_review
from napari_netlm.runner import Runner, at_once
from napari_netlm.steps import History, Judged, Landmarks, Step
from netlm_imaging.lesions.records import LiverVolumes
from netlm_imaging.review import (
    Change,
    Labels,
    LesionTable,
    Part,
    Review,
    Status,
    next_label,
    next_unreviewed,
)
from netlm_imaging.review.change import bad_edit, require_label
from netlm_imaging.review.records import Action
from netlm_imaging.review.table import Row
from netlm_imaging.volume import LabelMap


class Reviewing:
    """One review of one desk. Raises UsageError (NO_LIVER) where there is no liver mask to review in."""

    changed = Signal()
    """Lesions, figures, judgements or the selection."""

    def __init__(
        self,
        desk: Desk,
        *,
        who: str = "",
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        run: Runner = at_once,
    ) -> None:
        self.desk = desk
        self.part: Part = "lesions"
        self.selected: int | None = None
        self.also: tuple[int, ...] = ()
        """Lesions marked beside it."""
        self.order: tuple[int, ...] = ()
        """In which lesions are shown; empty: by their numbers."""
        self._doing: Action | None = None
        self._beside: Step | None = None
        """Landmarks or judgements that come with it."""
        self.history = History()
        require_liver(desk)
        self.journal = Journal(desk, who=who, now=now)
        self.measuring = Measuring(desk, run=run)
        self.require("lesions")
        self.measuring.changed.connect(self._on_change)
        self.measuring.measured.connect(self.changed.emit)

    def close(self) -> None:
        """Listen no more."""
        self.measuring.changed.disconnect(self._on_change)
        self.measuring.measured.disconnect(self.changed.emit)
        self.measuring.close()

    @property
    def review(self) -> Review:
        """Judgements and audit trail so far."""
        return self.journal.review

    # the list

    @property
    def table(self) -> LesionTable:
        """Figures of all lesions as drawn now."""
        return self.measuring.table

    @property
    def rows(self) -> tuple[tuple[int, Row, Status], ...]:
        """Every lesion with its figures and judgement, by ascending id."""
        return tuple((n, row, self.review.status(n)) for n, row in self.table.rows.items())

    @property
    def volumes(self) -> LiverVolumes:
        """The liver's, rejected lesions not counted."""
        return self.table.volumes(without=self.review.rejected)

    def select(self, lesion: int) -> None:
        """Show a lesion, and draw with its number. Raises UsageError (BAD_EDIT) for a number out of range."""
        layer = self.layer_of("lesions")
        require_label(np.asarray(layer.data), lesion)
        with drawn_only(self.desk.viewer):
            self.selected = layer.selected_label = lesion
        self.also = ()
        row = self.table.rows.get(lesion)
        if row is not None:
            self.desk.go_to(middle_of(row, self.desk.frame.shown_grid))
        self.changed.emit()

    @property
    def marked(self) -> tuple[int, ...]:
        """The lesions that judgements and merging act on: the selected one first."""
        there = self.table.rows
        return tuple(n for n in dict.fromkeys((self.selected, *self.also)) if n in there and n is not None)

    def step(self, by: int) -> None:
        """Select the lesion ``by`` places further down the list, as it is shown; none beyond its ends."""
        listed = self.listed()
        if listed:
            at = listed.index(self.selected) + by if self.selected in listed else 0
            self.select(listed[min(max(at, 0), len(listed) - 1)])

    def go_on(self) -> bool:
        """Select the next lesion that nobody has judged. False where there is none."""
        found = next_unreviewed(self.review, self.listed(), after=self.selected)
        if found is not None:
            self.select(found)
        return found is not None

    def listed(self) -> list[int]:
        """Lesions in the order in which they are shown: ``order``, and new ones at its end."""
        there = list(self.table.rows)
        known = [n for n in self.order if n in self.table.rows]
        return [*known, *(n for n in there if n not in set(known))]

    def judge(self, lesions: Sequence[int], status: Status) -> None:
        """Accept, reject, ... lesions."""
        before = tuple((n, self.review.status(n)) for n in lesions)
        self._set(tuple((n, status) for n in lesions))
        self.history.keep(Step(part="lesions", before=before, after=tuple((n, status) for n in lesions)))

    # edits

    def require(self, part: Part) -> None:
        """Make sure that there is a mask to draw lesions or segments on."""
        if part != "liver" and self.desk.layer(part) is None:
            grid = self.desk.study.grid
            empty = LabelMap(np.zeros(grid.shape_kji, np.uint16 if part == "lesions" else np.uint8), grid)
            self.desk.show_labels(part, empty)
            self.measuring.watch(part)

    def layer_of(self, part: Part) -> Any:
        """The napari layer of a mask. Raises UsageError (BAD_EDIT) where there is none."""
        layer = self.desk.layer(part)
        if layer is None:
            raise bad_edit(f"a mask of the {part}", "none in this study")
        return layer

    @property
    def labels(self) -> Labels:
        """The array of the mask that is edited, as the viewer shows it."""
        return np.asarray(self.layer_of(self.part).data)

    @property
    def within(self) -> np.ndarray[Any, np.dtype[np.bool_]] | None:
        """Where edits of that mask stay: in the liver; the liver itself anywhere."""
        return None if self.part == "liver" else np.asarray(self.layer_of("liver").data) > 0

    @property
    def replacing(self) -> Sequence[int] | None:
        """What edits of that mask overwrite: segments each other, the rest nothing."""
        return None if self.part == "segments" else (0,)

    @property
    def label(self) -> int:
        """What edits draw with. Raises UsageError (BAD_EDIT) where no lesion is selected."""
        if self.part == "liver":
            return 1
        if self.part == "segments":
            return int(self.layer_of("segments").selected_label)
        return self.lesion

    @property
    def lesion(self) -> int:
        """The selected lesion. Raises UsageError (BAD_EDIT) where none is."""
        if self.selected is None:
            raise bad_edit("a lesion of the list", "none selected", remedy="Select one, or make a new one")
        return self.selected

    @property
    def lesions(self) -> Labels:
        """The array of the lesions, whichever mask is edited."""
        return np.asarray(self.layer_of("lesions").data)

    def free_label(self) -> int:
        """The number of the next new lesion."""
        return next_label(self.lesions, used=self.review.used)

    def do(
        self, action: Action, change: Change, *, part: Part | None = None, beside: Step | None = None
    ) -> None:
        """Make ``change`` in the mask that is edited, or in ``part``, as one step with what comes ``beside``.

        Raises UsageError (BAD_EDIT) for one that changes nothing.
        """
        if not change.voxels.size:
            raise bad_edit(
                "something to change", "nothing: it is so already, or other regions are in the way"
            )
        self._doing, self._beside = action, beside
        try:
            self.desk.edit(part or self.part, change.indices_kji, change.new)
        finally:
            self._doing, self._beside = None, None

    @contextmanager
    def stroke(self, action: Action) -> Iterator[Callable[[Change], None]]:
        """Many changes as one step, each seen at once: call what this gives with each."""
        layer, self._doing = self.layer_of(self.part), action
        try:
            with layer.block_history():
                yield lambda change: layer.data_setitem(change.indices_kji, change.new)
        finally:
            self._doing = None

    def set_landmarks(self, points: Landmarks, change: Change | None = None) -> None:
        """Keep ``points`` as the landmarks of the segments, with what they change in them, as one step."""
        moved = (self.review.landmarks, dict(points))
        if change is None or not change.voxels.size:
            self.history.keep(Step(part="segments", landmarks=moved))
            self._put_landmarks("landmarks", points)
            return
        self.do("landmarks", change, part="segments", beside=Step(part="segments", landmarks=moved))

    def undo(self) -> None:
        """Take back the last step, whichever it was."""
        step = self.history.last_done
        if step is None:
            return
        if step.change is not None:
            self.desk.undo(step.part)
            return
        self.history.took_back()
        if step.landmarks is not None:
            self._put_landmarks("undo", step.landmarks[0])
        else:
            self._set(step.before)

    def redo(self) -> None:
        """Do again what was taken back last."""
        step = self.history.last_undone
        if step is None:
            return
        if step.change is not None:
            self.desk.redo(step.part)
            return
        self.history.did_again()
        if step.landmarks is not None:
            self._put_landmarks("redo", step.landmarks[1])
        else:
            self._set(step.after)

    def save(self, folder: Path) -> None:
        """Masks as reviewed and the audit trail into ``folder``, on the study's own grid.

        Raises UsageError: DISK_FULL, NO_PERMISSION, WRITE_FAILED; OTHER_REVIEW where another one is there.
        """
        self.journal.keep(save_review(self.desk, self.review, folder, self.journal.event("saved")))

    # inner things

    def _on_change(self, part: Part, change: Change) -> None:
        action, step = self._recognized(part, change)
        back = action == "undo"
        self.journal.log_edit(action, part, change, step.landmarks and step.landmarks[0 if back else 1])
        self.journal.log_statuses(step.before if back else step.after)
        self.changed.emit()

    def _recognized(self, part: Part, change: Change) -> tuple[Action, Step]:
        """What was done, also by a key of the viewer's own."""
        doing = self._doing or ("replace" if self.desk.replaced == part else None)
        known = self.history.recognized(part, change) if doing is None else None
        if known is not None:
            return known
        step = replace(self._beside or Step(part=part), change=change)
        self.history.keep(step)
        return doing or ("paint" if change.new.any() else "erase"), step

    def _put_landmarks(self, action: Action, points: Landmarks) -> None:
        self.journal.log(action, part="segments", landmarks=dict(points))
        self.changed.emit()

    def _set(self, statuses: Judged) -> None:
        self.journal.log_statuses(statuses)
        self.changed.emit()
