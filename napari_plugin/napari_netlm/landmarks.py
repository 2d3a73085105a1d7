"""Landmarks of a review, and Couinaud segments that follow them; no Qt."""

from __future__ import annotations

from typing import Any

import numpy as np
from psygnal import Signal

from napari_netlm.markers import Markers
from napari_netlm.reviewing import Reviewing
from netlm_imaging.anatomy import segment_name
from netlm_imaging.errors import InputError
from netlm_imaging.geometry import FloatArray
from netlm_imaging.review import Change
from netlm_imaging.segment.couinaud import LANDMARKS, TITLES, Point, couinaud_segments, missing_landmarks
from netlm_imaging.volume import Mask

KEY, NAME, COLOR = "landmarks", "Landmarks", "#FFD33D"
SHORT = {landmark.name: landmark.short for landmark in LANDMARKS}
_WHERE = {landmark.name: landmark.where for landmark in LANDMARKS}


class Landmarks:
    """The points of one review. They are kept in its audit trail, and undone with it."""

    changed = Signal()
    """The points, or which of them is set next."""

    def __init__(self, reviewing: Reviewing) -> None:
        self.reviewing = reviewing
        self.seen = False
        self.moved: tuple[str, FloatArray] | None = None
        """The one that the mouse holds, and where."""
        self._chosen: str | None = None
        self.markers = Markers(reviewing.desk, key=KEY, name=NAME, color=COLOR)
        reviewing.changed.connect(self._follow)
        for event in self.markers.slice_events:
            event.connect(self._show)

    def close(self) -> None:
        """Leave the viewer alone."""
        self.reviewing.changed.disconnect(self._follow)
        for event in self.markers.slice_events:
            event.disconnect(self._show)
        self.markers.remove()

    @property
    def points(self) -> dict[str, Point]:
        """Those that are set, LPS mm."""
        return dict(self.reviewing.review.landmarks)

    @property
    def next(self) -> str | None:
        """The one that a click sets: the one chosen, else the first that is needed."""
        return self._chosen or next(iter(missing_landmarks(self.points)), None)

    def choose(self, name: str) -> None:
        """Set this one next; one that is set already is shown."""
        self._chosen = name
        if name in self.points:
            self.reviewing.desk.go_to(self.points[name])
        self.changed.emit()

    def put(self, point_lps_mm: FloatArray, name: str | None = None) -> None:
        """Set a landmark, by default the next one; segments follow once all are set.

        Raises InputError (BAD_LANDMARKS): the point stays where it was set, segments as they were.
        """
        name = name or self.next
        if name is not None:
            x, y, z = (round(float(v), 2) for v in point_lps_mm)
            self._chosen = None
            self._set({**self.points, name: (x, y, z)})

    def remove(self, name: str) -> None:
        """Take a landmark away; segments stay as they are."""
        self._chosen = name
        self._set({n: point for n, point in self.points.items() if n != name})

    def hint(self) -> str:
        """What to do next."""
        name = self.next
        if name is not None:
            return f"Click on {TITLES[name]}: {_WHERE[name]}. {len(missing_landmarks(self.points))} to set."
        labels = np.asarray(self.reviewing.layer_of("segments").data)
        voxel_ml = self.reviewing.desk.study.grid.voxel_ml
        volumes = ", ".join(
            f"{segment_name(n)} {np.count_nonzero(labels == n) * voxel_ml:.0f}" for n in range(1, 9)
        )
        return f"Drag a landmark and the segments follow. mL: {volumes}."

    # the mouse

    def taken(self, event: Any) -> str | None:
        """The landmark under the mouse; none while they are not seen."""
        return self.markers.taken(self.points, event) if self.seen else None

    def drag_to(self, name: str, event: Any) -> None:
        """Move it with the mouse, in the slice where it is."""
        self.moved = (name, self.markers.at_mouse(self.points[name], event))
        self._show()

    def drop(self) -> None:
        """Set the one that the mouse holds where it is now. Raises InputError as ``put`` does."""
        moved, self.moved = self.moved, None
        if moved is not None:
            self.put(moved[1], moved[0])

    # inner things

    def _set(self, points: dict[str, Point]) -> None:
        change, refused = None, None
        if not missing_landmarks(points):
            try:
                change = self._change(points)
            except InputError as error:
                refused = error
        self.reviewing.set_landmarks(points, change)
        if refused is not None:
            raise refused

    def _change(self, points: dict[str, Point]) -> Change:
        work = self.reviewing
        grid = work.desk.frame.shown_grid
        liver = Mask(np.asarray(work.layer_of("liver").data) > 0, grid)
        before = np.asarray(work.layer_of("segments").data)
        return Change.between(before, couinaud_segments(liver, points).array.astype(before.dtype))

    def _follow(self) -> None:
        self._show()
        self.changed.emit()

    def _show(self, _event: Any = None) -> None:
        points: dict[str, Any] = {**self.points, **dict([self.moved] if self.moved else [])}
        short = {SHORT[name]: point for name, point in points.items() if name in SHORT}
        self.markers.show(short if self.seen else {})

    def look(self, *, seen: bool) -> None:
        """Show them, or hide them."""
        self.seen = seen
        self._show()
