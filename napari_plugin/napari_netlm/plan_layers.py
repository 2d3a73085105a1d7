"""The plan and what is drawn by hand as layers of the viewer; no Qt."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from napari_netlm.desk import Desk
from napari_netlm.layers import drawn_only, within_images
from napari_netlm.plan_details import Moved
from napari_netlm.plan_handles import KEY as HANDLES
from napari_netlm.plan_handles import Handles
from napari_netlm.planning import Planning
from netlm_imaging.export.palette import RESIDUAL, TREATED
from netlm_imaging.geometry import Grid
from netlm_imaging.plan.session_state import State
from netlm_imaging.plan.workspace import Voxels
from netlm_imaging.volume import LabelMap

RESECTED, ABLATED, DEPRIVED = 1, 2, 3
DRAWN, SHORT_OF_MARGIN = 1, 2
PLAN_COLORS: dict[int | None, str] = {RESECTED: "#CC79A7", ABLATED: TREATED, DEPRIVED: RESIDUAL}
DRAWN_COLORS: dict[int | None, str] = {DRAWN: "#00E5FF73", SHORT_OF_MARGIN: "#FF2D2D"}
"""What is in the hand stands out from PET (red to yellow), from MRI and from the plan.

One sees through the zone, but not through what is short of margin: it lies on the outline of the lesion.
"""
OF_THE_CASE = ("treated", "remnant", "devascularized", "ablation_margin_mm")
"""Layers that show the plan of the finished case, not the one that is edited."""
PLAN, DRAWING = "planned", "drawn"
PLAN_OPACITY = 0.45
_NAMES = {PLAN: "Plan", DRAWING: "Drawn by hand"}


class PlanShown:
    """Shows the plan that stands, what is drawn by hand and its handles, as long as the plan is edited."""

    def __init__(self, planning: Planning) -> None:
        self.planning = planning
        self._shown: tuple[State, bool] | None = None
        self._vessels_shown = False
        self.handles = Handles(planning)
        hide_plan_of_case(planning.desk)
        planning.changed.connect(self._show)
        planning.hand.previewed.connect(self._show_moved)
        planning.hand.drawn.connect(self._show_vessels)
        self._show()

    def close(self) -> None:
        """Take it all away."""
        self.planning.changed.disconnect(self._show)
        self.planning.hand.previewed.disconnect(self._show_moved)
        self.planning.hand.drawn.disconnect(self._show_vessels)
        self.handles.close()
        take_away(self.planning.desk)

    def _show(self) -> None:
        state = self.planning.session.state
        now = (state, "outcome" in vars(state))
        if now != self._shown:
            self._shown = now
            show_plan(self.planning.desk, state)

    def _show_vessels(self) -> None:
        """Once, when drawing begins: who hides them then means it."""
        vessels = self.planning.desk.layer("vessels")
        if vessels is not None and not self._vessels_shown and self.planning.hand.drawing is not None:
            self._vessels_shown = vessels.visible = True

    def _show_moved(self) -> None:
        planning = self.planning
        if planning.hand.moved is not None or planning.desk.layer(DRAWING) is not None:
            show_moved(planning.desk, planning.session.state, planning.hand.moved)


def show_plan(desk: Desk, state: State) -> None:
    """What the plan resects, ablates and, where that is worked out, leaves without inflow."""
    space, candidates = state.basis.case.space, state.basis.case.problem.candidates
    done = [candidates[c] for c in state.choice.chosen]
    regions = [(ABLATED if c.zones else RESECTED, c.region(space)) for c in done]
    if "outcome" in vars(state):  # it takes longer than the rest
        regions.append((DEPRIVED, np.flatnonzero(state.outcome.devascularized)))
    _show(desk, PLAN, space.grid, regions, PLAN_COLORS)


def show_moved(desk: Desk, state: State, moved: Moved | None) -> None:
    """What a drawing takes where it is, and the lesion's surface that has less margin than asked for."""
    space = state.basis.case.space
    regions: list[tuple[int, Voxels]] = []
    if moved is not None:
        regions.append((DRAWN, moved.preview.treatment.region(space)))
        asked = moved.preview.treatment.margin_mm
        for margin in moved.facts.margins if moved.facts else ():
            short = (margin.margin_mm < (asked or 0.0)) & ~margin.subcapsular
            regions.append((SHORT_OF_MARGIN, margin.surface[short]))
    _show(desk, DRAWING, space.grid, regions, DRAWN_COLORS)


def hide_plan_of_case(desk: Desk) -> None:
    """Two plans at once would mislead."""
    for key in OF_THE_CASE:
        layer = desk.layer(key)
        if layer is not None:
            layer.visible = False


def take_away(desk: Desk) -> None:
    """No plan is edited any more."""
    for key in _NAMES:
        layer = desk.layer(key)
        if layer is not None:
            desk.viewer.layers.remove(layer)


def _show(
    desk: Desk, key: str, grid: Grid, regions: Iterable[tuple[int, Voxels]], colors: Mapping[int | None, str]
) -> None:
    """In the smallest box: a layer of the whole image takes long to draw in 3D."""
    labels = _boxed(grid, regions)
    canonical = labels.canonical()
    data = np.ascontiguousarray(canonical.array)
    at = tuple(float(v) for v in desk.frame.to_world(canonical.grid.origin_mm))
    layer = desk.layer(key)
    if layer is None:
        _add(desk, key, data, at, colors).metadata["netlm"]["grid"] = labels.grid
        return
    layer.metadata["netlm"]["grid"] = labels.grid
    with drawn_only(desk.viewer):
        layer.data = data
        if not np.array_equal(layer.translate, at):
            layer.translate = at


def _boxed(grid: Grid, regions: Iterable[tuple[int, Voxels]]) -> LabelMap:
    """Later regions over earlier ones."""
    found = [(value, np.column_stack(np.unravel_index(v, grid.shape_kji))) for value, v in regions if v.size]
    if not found:
        box = (slice(0, 1), slice(0, 1), slice(0, 1))
        return LabelMap(np.zeros((1, 1, 1), dtype=np.uint8), grid.crop(box))
    low = np.min([at.min(axis=0) for _, at in found], axis=0)
    high = np.max([at.max(axis=0) for _, at in found], axis=0) + 1
    array = np.zeros(high - low, dtype=np.uint8)
    for value, at in found:
        array[tuple((at - low).T)] = value
    k, j, i = (slice(int(a), int(b)) for a, b in zip(low, high, strict=True))
    return LabelMap(array, grid.crop((k, j, i)))


def _add(desk: Desk, key: str, data: Any, at: tuple[float, ...], colors: Mapping[int | None, str]) -> Any:
    from napari.layers import Labels

    layers, active = desk.viewer.layers, desk.viewer.layers.selection.active
    layer = Labels(
        data,
        name=_NAMES[key],
        scale=desk.frame.shown_grid.spacing_kji_mm,
        translate=at,
        units=("mm", "mm", "mm"),
        opacity=PLAN_OPACITY if key == PLAN else 1.0,
        blending="translucent_no_depth",
        iso_gradient_mode="smooth",
        colormap={**colors, 0: "transparent", None: "transparent"},
        metadata={"netlm": {"key": key, "study": desk.study, "desk": desk}},
    )
    layer.editable = False
    above = desk.layer("lesions" if key == PLAN else HANDLES)  # names of handles are read over the zone
    layers.insert(len(layers) if above is None else layers.index(above), layer)
    within_images(layer)
    layers.selection.active = active
    return layer
