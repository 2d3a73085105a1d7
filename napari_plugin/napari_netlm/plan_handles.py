"""Handles of what is drawn by hand, dragged with the mouse; no Qt."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from napari_netlm.layers import unwatched
from napari_netlm.markers import Markers
from napari_netlm.mouse import LEFT
from napari_netlm.planning import Planning

KEY, NAME, COLOR = "handles", "Handles", "#00E5FF"


class Handles:
    """Of the drawing that is in hand; gone while there is none."""

    def __init__(self, planning: Planning) -> None:
        self.planning = planning
        self.markers = Markers(planning.desk, key=KEY, name=NAME, color=COLOR)
        viewer = planning.desk.viewer
        viewer.mouse_drag_callbacks.insert(0, self._drag)
        for event in self.markers.slice_events:
            event.connect(self.show)
        planning.hand.drawn.connect(self.show)

    def close(self) -> None:
        """Leave viewer and mouse alone."""
        self.planning.desk.viewer.mouse_drag_callbacks.remove(self._drag)
        for event in self.markers.slice_events:
            event.disconnect(self.show)
        self.planning.hand.drawn.disconnect(self.show)
        self.markers.remove()

    def show(self, _event: Any = None) -> None:
        """Draw them where they are."""
        drawing = self.planning.hand.drawing
        if drawing is None:
            self.markers.remove()
        else:
            short = {name.removeprefix("point "): at for name, at in drawing.handles_lps_mm.items()}
            self.markers.show(short, drawing.shaft_lps_mm())

    def drag_to(self, handle: str, event: Any) -> None:
        """Move a handle to the mouse, at the depth where it was."""
        drawing = self.planning.hand.drawing
        if drawing is not None:
            at = self.markers.at_mouse(drawing.handles_lps_mm[handle], event)
            self.planning.hand.move(drawing.moved(handle, at))

    def _drag(self, viewer: Any, event: Any) -> Iterator[None]:
        """The viewer calls it with each press of the mouse."""
        drawing = self.planning.hand.drawing
        if drawing is None or event.button != LEFT:
            return
        handle = self.markers.taken(drawing.handles_lps_mm, event)
        if handle is None:
            return
        event.handled = True  # the picture would move
        dragged = False
        with unwatched(viewer):
            yield
            while event.type == "mouse_move":
                event.handled = dragged = True
                self.drag_to(handle, event)
                yield
        if dragged:
            self.planning.drop()
