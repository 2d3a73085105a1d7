"""Named points on a desk: seen in every slice and in 3D, taken and moved with the mouse; no Qt."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from napari_netlm.desk import Desk
from napari_netlm.layers import drawn_only, within_images

GRIP_PIXELS = 14.0
"""A point is taken from so near."""
SIZE_MM, DOT_MM = 6.0, 3.0
NEAR_MM = 3.0
"""A point at most so far from the slice is drawn full."""
LINE_PIXELS, LETTER_PIXELS, BESIDE_PIXELS = 16.0, 7.0, 45.0
"""Of a name, which begins at its point and goes to the right; it stands for no point further away."""
NONE_LPS_MM = np.zeros((0, 3))

World = npt.NDArray[np.float64]
"""Points of the viewer's world, mm."""


class Markers:
    """One layer of named points, and of dots between them; gone while there are none."""

    def __init__(self, desk: Desk, *, key: str, name: str, color: str) -> None:
        self.desk = desk
        self._key, self._name, self._color = key, name, color
        self._names: tuple[str, ...] = ()
        self._near: tuple[bool, ...] = ()
        self._written: tuple[str, ...] = ()

    def show(
        self, points_lps_mm: Mapping[str, npt.ArrayLike], dots_lps_mm: npt.NDArray[Any] = NONE_LPS_MM
    ) -> None:
        """Draw them where they are; in a slice those of other slices too, fainter."""
        if not points_lps_mm:
            self.remove()
            return
        names = tuple(points_lps_mm)
        layer = self.desk.layer(self._key)
        if layer is None:
            layer = self._add(names, dots=len(dots_lps_mm))
        elif self._names != names:
            self._rename(layer, names, dots=len(dots_lps_mm))
        self._names = names
        world = self.desk.frame.to_world(np.array([*points_lps_mm.values()], dtype=np.float64))
        dots = self._into_image(self.desk.frame.to_world(dots_lps_mm))
        points = np.concatenate([self._onto_slice(world), dots])
        with drawn_only(self.desk.viewer):
            layer.data = (points - layer.translate) / layer.scale
            written = self._words(names, world)
            if written != self._written:
                self._written = written
                layer.features = {"name": [*written, *[""] * len(dots)]}
        near = tuple((self._distance_to_slice(world) <= NEAR_MM).tolist())
        if near != self._near:
            self._near = near
            layer.face_color = [
                *(self._color + ("" if n else "55") for n in near),
                *[self._color] * len(dots),
            ]

    @property
    def slice_events(self) -> tuple[Any, ...]:
        """After each of these they lie elsewhere in the picture, or nearer to each other."""
        events, camera = self.desk.viewer.dims.events, self.desk.viewer.scene.camera.events
        return events.point, events.ndisplay, events.order, camera.zoom

    def remove(self) -> None:
        """Take them away."""
        layer = self.desk.layer(self._key)
        if layer is not None:
            self.desk.viewer.layers.remove(layer)

    # the mouse

    def taken(self, points_lps_mm: Mapping[str, npt.ArrayLike], event: Any) -> str | None:
        """The name of the point under the mouse."""
        within = GRIP_PIXELS / self.desk.viewer.scene.camera.zoom
        apart = {}
        for name, point in points_lps_mm.items():
            at = self.desk.frame.to_world(point)
            apart[name] = float(np.linalg.norm(self._at_depth(event, at) - at))
        name = min(apart, key=lambda one: apart[one], default="")
        return name if apart.get(name, np.inf) <= within else None

    def at_mouse(self, point_lps_mm: npt.ArrayLike, event: Any) -> World:
        """The point under the mouse that is as deep in the picture as ``point_lps_mm``, LPS mm."""
        at = self.desk.frame.to_world(point_lps_mm)
        return self.desk.frame.to_patient(self._at_depth(event, at))

    def _at_depth(self, event: Any, at: World) -> World:
        position = np.array(event.position, dtype=np.float64)
        if self.desk.viewer.dims.ndisplay == 2:
            axis = int(self.desk.viewer.dims.order[0])
            position[axis] = at[axis]
            return position
        ray = np.asarray(event.view_direction, dtype=np.float64)
        return np.asarray(position + ((at - position) @ ray) / (ray @ ray) * ray)

    # the layer

    def _onto_slice(self, world: World) -> World:
        dims, moved = self.desk.viewer.dims, world.copy()
        if dims.ndisplay == 2:
            axis = int(dims.order[0])
            moved[:, axis] = dims.point[axis]
        return moved

    def _into_image(self, world: World) -> World:
        """Those outside at its edge: the viewer would make room for them, and slices would be empty."""
        grid, frame = self.desk.frame.shown_grid, self.desk.frame
        last = np.asarray(grid.shape_kji) - 1
        return frame.to_world(grid.to_patient(np.clip(grid.to_index(frame.to_patient(world)), 0, last)))

    def _distance_to_slice(self, world: World) -> World:
        dims = self.desk.viewer.dims
        if dims.ndisplay != 2:
            return np.zeros(len(world))
        axis = int(dims.order[0])
        return np.asarray(np.abs(world[:, axis] - dims.point[axis]))

    def _words(self, names: tuple[str, ...], world: World) -> tuple[str, ...]:
        """What stands beside each point; where two names would lie over each other, both beside one."""
        dims, zoom = self.desk.viewer.dims, self.desk.viewer.scene.camera.zoom
        at = world[:, list(dims.displayed)] * zoom
        written: dict[int, str] = {}
        for n, name in enumerate(names):
            for m, other in written.items():
                apart = at[n] - at[m]
                room = min(len(other if apart[-1] > 0 else name) * LETTER_PIXELS, BESIDE_PIXELS)
                within = np.array(
                    [*[LINE_PIXELS] * (len(apart) - 1), room if dims.ndisplay == 2 else LINE_PIXELS]
                )
                if (np.abs(apart) < within).all():
                    written[m] = f"{other}, {name}"
                    break
            else:
                written[n] = name
        return tuple(written.get(n, "") for n in range(len(names)))

    def _add(self, names: tuple[str, ...], *, dots: int) -> Any:
        from napari.layers import Points

        layers, placed = self.desk.viewer.layers, self.desk.frame.placed()
        active = layers.selection.active
        sizes = np.array([SIZE_MM] * len(names) + [DOT_MM] * dots)
        layer = Points(
            np.zeros((len(sizes), 3)),
            name=self._name,
            size=sizes / min(placed["scale"]),
            face_color=self._color,
            border_color="black",
            features={"name": [*names, *[""] * dots]},
            text={
                "string": "{name}",
                "color": "white",  # its own is that of the zone around it
                "size": 9,
                "anchor": "upper_left",
                # In 3D above its point (there are no anchors), and read through the body that it lies in.
                "translation": [SIZE_MM / placed["scale"][0], 0.0, 0.0],
                "blending": "translucent_no_depth",
            },
            blending="translucent_no_depth",
            metadata={"netlm": {"key": self._key, "study": self.desk.study, "desk": self.desk}},
            **placed,
        )
        layer.editable = False
        self._near, self._written = (), names
        within_images(layer)
        layers.append(layer)
        layers.selection.active = active
        return layer

    def _rename(self, layer: Any, names: tuple[str, ...], *, dots: int) -> None:
        """Other points in the same layer: to take a layer away and make another takes far longer."""
        layer.data = np.zeros((len(names) + dots, 3))
        layer.features = {"name": [*names, *[""] * dots]}
        layer.size = np.array([SIZE_MM] * len(names) + [DOT_MM] * dots) / min(layer.scale)
        self._near, self._written = (), names
