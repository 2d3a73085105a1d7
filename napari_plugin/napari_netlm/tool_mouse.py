"""The mouse in the image while a mask is edited: clicks and drags for the tool that is chosen; no Qt."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

from napari_netlm.layers import unwatched
from napari_netlm.mouse import LEFT, is_drawing, until_released
from netlm_imaging.errors import NetlmError
from netlm_imaging.geometry import FloatArray

if TYPE_CHECKING:
    from napari_netlm.tools import Tools

SECOND_CLICK = "Now the second point."
SET_IN_SLICES = (
    "Landmarks are set in slices (Ctrl-1 to 3), where veins are seen. In 3D, drag those that are set."
)


class ToolMouse:
    """Hands what the mouse does over to ``tools``."""

    def __init__(self, tools: Tools) -> None:
        self.tools = tools
        self.first: FloatArray | None = None
        """Where a tool of two clicks was clicked first, an index of the layer's array."""
        tools.reviewing.desk.viewer.mouse_drag_callbacks.append(self.press)

    def close(self) -> None:
        """Leave the mouse alone."""
        self.tools.reviewing.desk.viewer.mouse_drag_callbacks.remove(self.press)

    def press(self, viewer: Any, event: Any) -> Iterator[None]:
        """The viewer calls it with each press of the mouse; one on a handle of the plan is not ours."""
        if event.button != LEFT or event.handled:
            return
        if self.tools.tool in (None, "landmarks"):
            yield from self._drag_landmark(event)
            return
        if viewer.dims.ndisplay != 2:
            return
        if self.tools.tool == "threshold":
            yield from self._stroke(event)
            return
        dragged = yield from until_released(event)
        if not dragged:
            self.click(self._index(event.position))

    def click(self, index: FloatArray) -> None:
        """One click of the chosen tool, at an index of the layer's array."""
        if self.tools.tool == "grow":
            self.tools.attempt(self.tools.grow, index)
        elif self.tools.tool in ("split", "cut") and self.first is None:
            self.first = index
            self.tools.said.emit(SECOND_CLICK)
        elif self.tools.tool in ("split", "cut"):
            first, self.first = self.first, None
            if self.tools.attempt(
                self.tools.split if self.tools.tool == "split" else self.tools.cut, first, index
            ):
                self.tools.choose(None)

    def _drag_landmark(self, event: Any) -> Iterator[None]:
        """A landmark follows the mouse, in 3D too; a click beside them in a slice sets the next one."""
        name, dragged = self.tools.landmarks.taken(event), False
        if is_drawing(self.tools.reviewing.desk.viewer) or (name is None and self.tools.tool is None):
            return
        event.handled = name is not None  # the picture would move
        with nullcontext() if name is None else unwatched(self.tools.reviewing.desk.viewer):
            yield
            while event.type == "mouse_move":
                dragged = True
                if name is not None:
                    event.handled = True
                    self.tools.landmarks.drag_to(name, event)
                yield
        if name is None and not dragged:
            self._put_landmark(event)
        elif name is not None and dragged and self.tools.attempt(self.tools.landmarks.drop):
            self.tools.said.emit(self.tools.landmarks.hint())
        elif name is not None and not dragged:
            self.tools.landmarks.choose(name)

    def _put_landmark(self, event: Any) -> None:
        """Veins and fissures are told in slices; a click in 3D has no depth."""
        desk = self.tools.reviewing.desk
        if desk.viewer.dims.ndisplay == 2:
            self.tools.attempt(self.tools.put_landmark, desk.frame.to_patient(event.position))
        else:
            self.tools.said.emit(SET_IN_SLICES)

    def _stroke(self, event: Any) -> Iterator[None]:
        """One drag of the threshold brush: one step of undo."""
        event.handled = True  # the viewer would move the image
        try:
            paint = self.tools.threshold(self._index(event.position))
        except NetlmError as error:
            self.tools.failed.emit(error)
            return
        with self.tools.reviewing.stroke("threshold") as make:
            make(paint(self._index(event.position)))
            yield
            while event.type == "mouse_move":
                event.handled = True
                make(paint(self._index(event.position)))
                yield

    def _index(self, world_mm: Any) -> FloatArray:
        frame = self.tools.reviewing.desk.frame
        return frame.shown_grid.to_index(frame.to_patient(world_mm))
