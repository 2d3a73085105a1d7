"""A crosshair: three thin lines through the point where the slices meet; no Qt."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from napari_netlm.desk import Desk

NAME = "Crosshair"
COLOR = "#00e5ff"
WIDTH_MM = 0.6


def show_crosshair(desk: Desk, *, seen: bool) -> None:
    """Draw it and let it follow the slices and clicks; or take it away."""
    layer = crosshair_of(desk)
    if not seen:
        if layer is not None:
            desk.viewer.layers.remove(layer)
        return
    if layer is None:
        _add(desk)


def crosshair_of(desk: Desk) -> Any | None:
    """Its layer; None while it is not shown."""
    return desk.layer("crosshair")


def _add(desk: Desk) -> None:
    from napari.layers import Vectors

    active = desk.viewer.layers.selection.active
    layer = Vectors(
        _lines(desk),
        name=NAME,
        edge_color=COLOR,
        edge_width=WIDTH_MM / min(desk.frame.shown_grid.spacing_mm),
        vector_style="line",
        metadata={"netlm": {"key": "crosshair", "study": desk.study}},
        **desk.frame.placed(),
    )
    desk.viewer.layers.append(layer)
    desk.viewer.layers.selection.active = active

    def follow(_event: Any = None) -> None:
        if layer in desk.viewer.layers:
            layer.data = _lines(desk)
        else:
            desk.viewer.dims.events.point.disconnect(follow)

    desk.viewer.dims.events.point.connect(follow)


def _lines(desk: Desk) -> npt.NDArray[np.float64]:
    """Start and direction, in voxels, of the lines along each axis; shape (3, 2, 3)."""
    shape = np.asarray(desk.frame.shown_grid.shape_kji)
    here = np.rint(desk.frame.shown_grid.to_index(desk.point_lps_mm))
    lines = np.zeros((3, 2, 3))
    for axis in range(3):
        lines[axis, 0] = here
        lines[axis, 0, axis] = 0
        lines[axis, 1, axis] = shape[axis] - 1
    return lines
