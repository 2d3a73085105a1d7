"""Masks as they are drawn in the viewer, and figures of lesions that follow each change; no Qt."""

from __future__ import annotations

from typing import Any

import numpy as np
from psygnal import Signal

from napari_netlm.desk import Desk
from napari_netlm.lesion_figures import lesion_table, pet_reference
from napari_netlm.review_files import PARTS
from netlm_imaging.errors import Fault, UsageError
from netlm_imaging.lesions.pet_uptake import PetReference
from netlm_imaging.review import Change, Labels, LesionTable, Part
from netlm_imaging.volume import LabelMap


class Measuring:
    """Of one desk that has layers of liver and lesions."""

    changed = Signal(str, object)
    """A mask by its name, and the Change in it, whoever made it."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self._table: LesionTable | None = None
        self._reference: PetReference | None = None
        self._seen: dict[Part, Labels] = {}
        self._told_early: set[Part] = set()
        for part in PARTS:
            if desk.layer(part) is not None:
                self.watch(part)
        desk.changed.connect(self._on_change)

    def close(self) -> None:
        """Listen no more."""
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
        """Figures of all lesions as drawn now; measured anew as a whole after the liver changed."""
        if self._table is None:
            self._reference = self._reference or pet_reference(self.desk)
            self._table = lesion_table(self.desk, self._reference)
        return self._table

    @property
    def stale(self) -> bool:
        """The next look at ``table`` takes longer: all lesions are measured again."""
        return self._table is None

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
        change.apply(self._seen[part])
        self._table = self._measured(part, change)
        self.changed.emit(part, change)

    def _measured(self, part: Part, change: Change) -> LesionTable | None:
        """The table after an edit; None where all lesions have to be measured again."""
        if self._table is None or part == "liver":
            return None
        layer = self.desk.layer("lesions")
        assert layer is not None
        lesions = np.asarray(layer.data)
        if part == "lesions":
            return self._table.after(lesions, change)
        segments = LabelMap(self._seen["segments"], self.desk.frame.shown_grid)
        return self._table.in_segments(lesions, segments)


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
