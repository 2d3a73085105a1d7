"""Handles of what is drawn by hand: seen in every slice and in 3D, dragged with the mouse; no Qt."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from napari_netlm.desk import Desk
from napari_netlm.drawing import Drawing
from napari_netlm.mouse import LEFT
from napari_netlm.planning import Planning

KEY, NAME = "handles", "Handles"
GRIP_PIXELS = 14.0
"""A handle is taken from so near."""
SIZE_MM, DOT_MM = 6.0, 1.5
NEAR_MM = 3.0
"""A handle at most so far from the slice is drawn full."""
COLOR, FAR_COLOR = "#00E5FF", "#00E5FF55"


class Handles:
    """Of the drawing that is in hand; gone while there is none."""

    def __init__(self, planning: Planning) -> None:
        self.planning = planning
        self.desk: Desk = planning.desk
        self._names: tuple[str, ...] = ()
        self._near: tuple[bool, ...] = ()
        viewer = self.desk.viewer
        viewer.mouse_drag_callbacks.insert(0, self._drag)
        viewer.dims.events.point.connect(self.show)
        viewer.dims.events.ndisplay.connect(self.show)
        viewer.dims.events.order.connect(self.show)
        planning.drawn.connect(self.show)

    def close(self) -> None:
        """Leave viewer and mouse alone."""
        viewer, planning = self.desk.viewer, self.planning
        viewer.mouse_drag_callbacks.remove(self._drag)
        for event in (viewer.dims.events.point, viewer.dims.events.ndisplay, viewer.dims.events.order):
            event.disconnect(self.show)
        planning.drawn.disconnect(self.show)
        self._remove()

    def show(self, _event: Any = None) -> None:
        """Draw them where they are; in a slice those of other slices too, fainter."""
        drawing = self.planning.drawing
        if drawing is None:
            self._remove()
            return
        handles = drawing.handles_lps_mm
        layer = self.desk.layer(KEY)
        if layer is None or self._names != tuple(handles):
            self._remove()
            layer, self._names = self._add(tuple(handles), dots=len(drawing.shaft_lps_mm())), tuple(handles)
        world = self.desk.frame.to_world(np.array([*handles.values()]))
        shaft = self._into_image(self.desk.frame.to_world(drawing.shaft_lps_mm()))
        points = np.concatenate([self._onto_slice(world), shaft])
        with layer.events.thumbnail.blocker():
            layer.data = (points - layer.translate) / layer.scale
        near = tuple((self._distance_to_slice(world) <= NEAR_MM).tolist())
        if near != self._near:
            self._near = near
            layer.face_color = [*(COLOR if n else FAR_COLOR for n in near), *[COLOR] * len(shaft)]

    # the mouse

    def _drag(self, viewer: Any, event: Any) -> Iterator[None]:
        """The viewer calls it with each press of the mouse."""
        drawing = self.planning.drawing
        if drawing is None or event.button != LEFT:
            return
        handle = self._taken(drawing, event)
        if handle is None:
            return
        event.handled = True  # the picture would move
        yield
        dragged = False
        while event.type == "mouse_move":
            event.handled = dragged = True
            self.drag_to(handle, event)
            yield
        if dragged:
            self.planning.drop()

    def drag_to(self, handle: str, event: Any) -> None:
        """Move a handle to the mouse, at the depth where it was."""
        drawing = self.planning.drawing
        if drawing is not None:
            at = self.desk.frame.to_world(drawing.handles_lps_mm[handle])
            self.planning.move(drawing.moved(handle, self.desk.frame.to_patient(self._at_depth(event, at))))

    def _taken(self, drawing: Drawing, event: Any) -> str | None:
        within = GRIP_PIXELS / self.desk.viewer.scene.camera.zoom
        apart = {}
        for name, point in drawing.handles_lps_mm.items():
            at = self.desk.frame.to_world(point)
            apart[name] = float(np.linalg.norm(self._at_depth(event, at) - at))
        name = min(apart, key=lambda handle: apart[handle])
        return name if apart[name] <= within else None

    def _at_depth(self, event: Any, at: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """World point under the mouse that is as deep in the picture as ``at``."""
        position = np.asarray(event.position, dtype=np.float64)
        if self.desk.viewer.dims.ndisplay == 2:
            axis = int(self.desk.viewer.dims.order[0])
            position[axis] = at[axis]
            return position
        ray = np.asarray(event.view_direction, dtype=np.float64)
        return np.asarray(position + ((at - position) @ ray) / (ray @ ray) * ray)

    # the layer

    def _onto_slice(self, world: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        dims, moved = self.desk.viewer.dims, world.copy()
        if dims.ndisplay == 2:
            axis = int(dims.order[0])
            moved[:, axis] = dims.point[axis]
        return moved

    def _into_image(self, world: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """Those outside at its edge: the viewer would make room for them, and slices would be empty."""
        grid, frame = self.desk.frame.shown_grid, self.desk.frame
        last = np.asarray(grid.shape_kji) - 1
        return frame.to_world(grid.to_patient(np.clip(grid.to_index(frame.to_patient(world)), 0, last)))

    def _distance_to_slice(self, world: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        dims = self.desk.viewer.dims
        if dims.ndisplay != 2:
            return np.zeros(len(world))
        axis = int(dims.order[0])
        return np.asarray(np.abs(world[:, axis] - dims.point[axis]))

    def _add(self, names: tuple[str, ...], *, dots: int) -> Any:
        from napari.layers import Points

        layers, placed = self.desk.viewer.layers, self.desk.frame.placed()
        active = layers.selection.active
        sizes = np.array([SIZE_MM] * len(names) + [DOT_MM] * dots)
        layer = Points(
            np.zeros((len(sizes), 3)),
            name=NAME,
            size=sizes / min(placed["scale"]),
            face_color=COLOR,
            border_color="black",
            features={"handle": [*names, *[""] * dots]},
            text={"string": "{handle}", "color": COLOR, "size": 9, "anchor": "upper_left"},
            blending="translucent_no_depth",
            metadata={"netlm": {"key": KEY, "study": self.desk.study, "desk": self.desk}},
            **placed,
        )
        layer.editable = False
        self._near = ()
        layers.append(layer)
        layers.selection.active = active
        return layer

    def _remove(self) -> None:
        layer = self.desk.layer(KEY)
        if layer is not None:
            self.desk.viewer.layers.remove(layer)
