"""Masks as they are drawn in the viewer, and figures of lesions that follow each change; no Qt."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from psygnal import Signal

from napari_netlm.desk import Desk
from napari_netlm.jobs import Reporter
from napari_netlm.lesion_figures import measurer
from napari_netlm.review_files import PARTS
from napari_netlm.runner import Runner, at_once, refusal
from netlm_imaging.errors import Fault, UsageError
from netlm_imaging.review import Change, Labels, LesionTable, Part
from netlm_imaging.volume import LabelMap


class Measuring:
    """Of one desk that has layers of liver and lesions."""

    changed = Signal(str, object)
    """A mask by its name, and the Change in it, whoever made it."""
    measured = Signal()
    """All lesions, or nothing since masks changed meanwhile, it was cancelled or it failed."""
    failed = Signal(object)
    """With the NetlmError: why they cannot be measured."""

    def __init__(self, desk: Desk, *, run: Runner = at_once) -> None:
        self.desk = desk
        self.run = run
        self._table: LesionTable | None = None
        self._stale = True
        self.say: Callable[[str], None] = lambda _text: None
        """Told each step of measuring, from the thread in which that is done."""
        self.cancelled = False
        """Stopped by hand, or it failed: it goes on when that is asked for, or the liver changes."""
        self._reporter: Reporter | None = None
        """Of the measuring that is going on."""
        self._edits = 0
        """Of masks so far: figures of other masks do not stand."""
        self._seen: dict[Part, Labels] = {}
        self._told_early: set[Part] = set()
        for part in PARTS:
            if desk.layer(part) is not None:
                self.watch(part)
        desk.changed.connect(self._on_change)

    def close(self) -> None:
        """Listen no more."""
        self._stop()
        self.desk.changed.disconnect(self._on_change)
        for part in self._seen:
            layer = self.desk.layer(part)
            if layer is not None:
                layer.events.labels_update.disconnect(self._on_drawn)

    def watch(self, part: Part) -> None:
        """Follow a mask from now on; it has a layer."""
        layer = self.desk.layer(part)
        assert layer is not None
        self._seen[part] = np.array(layer.data)
        layer.events.labels_update.connect(self._on_drawn)

    @property
    def table(self) -> LesionTable:
        """Figures of all lesions as drawn now.

        After the liver changed those of before, until all are measured again; that begins with a look.
        """
        if self._table is None:
            self._table, self._stale = measurer(self.desk)(), False
        self.measure()
        return self._table

    @property
    def begun(self) -> bool:
        """There are figures: a look at ``table`` takes no time."""
        return self._table is not None

    @property
    def stale(self) -> bool:
        """All lesions have to be measured again."""
        return self._stale

    @property
    def running(self) -> bool:
        """All lesions are measured right now."""
        return self._reporter is not None

    def measure(self, *, again: bool = False) -> None:
        """Measure all lesions where needed, by ``run``; ``measured`` or ``failed`` tell of it.

        Not what was cancelled, unless ``again``.
        """
        self.cancelled &= not again
        if not self._stale or self.running or self.cancelled:
            return
        asked, reporter = self._edits, Reporter(lambda text: self.say(text))
        self._reporter = reporter
        known = None if self._table is None else self._table.frame.reference
        job = measurer(self.desk, known, say=reporter.say)
        self.run(job, lambda answer: self._stand(asked, reporter, answer))

    def cancel(self) -> None:
        """Stop measuring at its next step: the figures of before stand."""
        if self._stop():
            self.cancelled = True
            self.measured.emit()

    def _stop(self) -> bool:
        reporter, self._reporter = self._reporter, None
        if reporter is not None:
            reporter.cancel()
        return reporter is not None

    def _stand(self, asked: int, reporter: Reporter, answer: Any) -> None:
        if reporter is not self._reporter:  # cancelled: nobody waits for it
            return
        self._reporter = None
        error = refusal(answer)
        if asked != self._edits:  # of masks that have changed meanwhile
            pass
        elif error is None:
            self._table, self._stale = answer, False
        else:
            self.cancelled = True
            self.failed.emit(error)
        self.measured.emit()

    def _on_drawn(self, _event: Any) -> None:
        """The viewer tells of polygons before it draws them, and of all drawing for the eye after it."""
        for part in tuple(self._told_early):
            self._on_change(part)

    def _on_change(self, key: str) -> None:
        if key not in self._seen:
            return
        part: Part = key
        layer = self.desk.layer(part)
        assert layer is not None
        change = Change.between(self._seen[part], np.asarray(layer.data))
        if not change.voxels.size:
            self._told_early.add(part)
            return
        self._told_early.discard(part)
        self._seen[part] = self._seen[part].astype(layer.data.dtype, copy=False)
        change.apply(self._seen[part])
        self._follow(part, change)
        self.changed.emit(part, change)

    def _follow(self, part: Part, change: Change) -> None:
        """The table after an edit; after one of the liver all lesions have to be measured again."""
        self._stale |= part == "liver"
        self._edits += 1
        self.cancelled &= part != "liver"
        if self._table is None:
            return
        layer = self.desk.layer("lesions")
        assert layer is not None
        lesions = np.asarray(layer.data)
        if part == "lesions":
            self._table = self._table.after(lesions, change)
        elif part == "segments":
            segments = LabelMap(self._seen["segments"], self.desk.frame.shown_grid)
            self._table = self._table.in_segments(lesions, segments)


def require_liver(desk: Desk) -> None:
    """Raises UsageError (NO_LIVER) where there is nothing to measure lesions in."""
    layer = desk.layer("liver")
    if layer is None or not np.asarray(layer.data).any():
        raise UsageError(
            Fault(
                code="NO_LIVER",
                expected="a study with a liver mask",
                found="none",
                remedy="Open a finished case, or run or load a liver mask first",
            )
        )
