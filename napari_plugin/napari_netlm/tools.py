"""The tools of a review: what each does to the mask that is edited; no Qt."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
from psygnal import Signal

from napari_netlm.landmarks import Landmarks
from napari_netlm.mouse import top_image
from napari_netlm.reviewing import Reviewing
from napari_netlm.steps import Step
from napari_netlm.tool_mouse import ToolMouse
from netlm_imaging.errors import NetlmError
from netlm_imaging.geometry import FloatArray
from netlm_imaging.review import (
    Change,
    Part,
    deleted,
    filled_between,
    grown,
    levels_at,
    merged,
    relabeled,
    split_at,
    split_by_plane,
    split_pieces,
    threshold_brushed,
)
from netlm_imaging.review.change import bad_edit

Tool = Literal["grow", "threshold", "split", "cut", "landmarks"]
TOOLS: tuple[Tool, ...] = get_args(Tool)
NEXT_CLICK = {
    "grow": "Click into a lesion: it grows to its edge in the image.",
    "threshold": "Drag over the lesion: only voxels like the first one are painted.",
    "split": "Click into the first part, then into the second.",
    "cut": "Click two points of the line along which to cut.",
}


@dataclass(slots=True, kw_only=True)
class Reach:
    """How far tools reach."""

    grow_mm: float = 25.0
    """Nothing grows farther from the click."""
    brush_mm: float = 6.0
    """Radius of the threshold brush."""
    low: float | None = None
    high: float | None = None
    """What the threshold brush paints, in units of the image; None for both: what is like the first voxel."""


class Tools:
    """Tools of one review. What is refused is told by ``failed``, in the words of the library."""

    said = Signal(str)
    """What to do next, or what was done."""
    failed = Signal(object)
    """With the NetlmError."""
    done = Signal()
    """An edit that was attempted."""
    chosen = Signal()
    """Another tool, or none."""

    def __init__(self, reviewing: Reviewing) -> None:
        self.reviewing = reviewing
        self.reach = Reach()
        self.tool: Tool | None = None
        self.goes_on = True
        """A judgement leads to the next lesion that has none."""
        self.ball = False
        """The brush is a ball and not a disk."""
        self.landmarks = Landmarks(reviewing)
        self.mouse = ToolMouse(self)

    def close(self) -> None:
        """Leave the mouse alone."""
        self.choose(None)
        self.landmarks.close()
        self.mouse.close()

    def choose(self, tool: Tool | None) -> None:
        """Use ``tool`` for the next clicks; None: the mouse moves the image again."""
        self.tool = tool
        self.mouse.first = None
        if tool is not None:  # the viewer's own brush would draw at the same time
            self.reviewing.layer_of(self.reviewing.part).mode = "pan_zoom"
            self.said.emit(NEXT_CLICK.get(tool) or self.landmarks.hint())
        self.chosen.emit()

    def edit_part(self, part: Part) -> None:
        """Change another mask from now on; landmarks are seen with the segments. Raises NetlmError."""
        work = self.reviewing
        work.require(part)
        layer = work.layer_of(part)
        self.draw("pan_zoom")
        work.part = part
        layer.visible = True
        work.desk.viewer.layers.selection.active = layer
        self.landmarks.look(seen=part == "segments")
        self.chosen.emit()

    def set_landmarks(self) -> None:
        """Clicks set the landmarks of the segments, one after the other."""
        self.edit_part("segments")
        self.choose("landmarks")

    def put_landmark(self, point_lps_mm: FloatArray) -> None:
        """Set the next landmark. Raises NetlmError."""
        try:
            self.landmarks.put(point_lps_mm)
        finally:
            self.said.emit(self.landmarks.hint())

    def draw(self, mode: Literal["paint", "erase", "pan_zoom"]) -> None:
        """Use the viewer's own brush, or nothing."""
        self.choose(None)
        work = self.reviewing
        try:
            layer, label = work.layer_of(work.part), work.label if mode == "paint" else None
        except NetlmError as error:
            self.failed.emit(error)
            return
        work.desk.viewer.layers.selection.active = layer
        if label is not None:
            layer.selected_label = label
        layer.n_edit_dimensions = 3 if self.ball else 2
        layer.preserve_labels = work.part == "lesions"  # a stroke takes nothing from a neighbor
        layer.mode = mode
        self.chosen.emit()

    # edits by a point; indices are those of the layer's array

    def grow(self, index: FloatArray) -> None:
        """A new lesion from a click; of liver and segments, more of them. Raises NetlmError."""
        work = self.reviewing
        label = work.free_label() if work.part == "lesions" else work.label
        found = grown(
            work.labels,
            self._image(),
            work.desk.frame.shown_grid,
            index,
            label=label,
            radius_mm=self.reach.grow_mm,
            within=work.within,
            replacing=work.replacing,
        )
        work.do("grow", found.change)
        if work.part == "lesions":
            work.select(label)
        cut = (
            f" It reaches {self.reach.grow_mm:g} mm, where growing stops: check it."
            if found.reached_radius
            else ""
        )
        self.said.emit(f"Lesion {label} has grown to the value {found.levels.edge:.4g}.{cut}")

    def split(self, first: FloatArray, second: FloatArray) -> None:
        """Part the selected lesion between two clicks. Raises NetlmError."""
        work, grid = self.reviewing, self.reviewing.desk.frame.shown_grid
        change = split_at(work.lesions, grid, work.lesion, [first, second], used=work.review.used)
        work.do("split", change, part="lesions")

    def cut(self, first: FloatArray, second: FloatArray) -> None:
        """Part the selected lesion by the plane through two clicks, straight into the image.

        Raises NetlmError.
        """
        work, grid = self.reviewing, self.reviewing.desk.frame.shown_grid
        along = (second - first) * grid.spacing_kji_mm
        change = split_by_plane(
            work.lesions,
            grid,
            work.lesion,
            point_kji=first,
            normal_kji_mm=np.cross(along, np.eye(3)[self.plane_axis]),
            used=work.review.used,
        )
        work.do("split", change, part="lesions")

    # edits of what is selected

    def fill(self) -> None:
        """Fill the selected region between its drawn slices, as they are shown. Raises NetlmError."""
        work = self.reviewing
        change = filled_between(
            work.labels,
            work.desk.frame.shown_grid,
            work.label,
            axis=self.plane_axis,
            replacing=work.replacing,
            where=work.within,
        )
        work.do("fill", change)

    def merge(self, lesions: list[int]) -> None:
        """One lesion of several, under the number of the first. Raises NetlmError."""
        change = merged(self.reviewing.lesions, lesions, into=lesions[0] if lesions else 0)
        self.reviewing.do("merge", change, part="lesions")
        self.reviewing.select(lesions[0])

    def delete(self, lesion: int) -> None:
        """Take a lesion out of the mask. Raises NetlmError."""
        self.reviewing.do("delete", deleted(self.reviewing.lesions, lesion), part="lesions")

    def relabel(self, lesion: int, to: int) -> None:
        """Give a lesion another number; its judgement goes with it. Raises NetlmError."""
        work = self.reviewing
        there, status = work.review.status(to), work.review.status(lesion)
        judged = Step(part="lesions", before=((to, there),), after=((to, status),))
        work.do(
            "relabel",
            relabeled(work.lesions, lesion, to=to),
            part="lesions",
            beside=judged if there != status else None,
        )
        work.select(to)

    def pieces(self) -> None:
        """Each loose piece of the selected lesion for itself. Raises NetlmError."""
        work = self.reviewing
        change = split_pieces(work.lesions, work.lesion, used=work.review.used)
        work.do("split", change, part="lesions")

    def new(self) -> None:
        """The next strokes draw a new lesion."""
        self.reviewing.select(self.reviewing.free_label())
        self.said.emit(f"Draw lesion {self.reviewing.selected} now: with the brush or by growing.")

    def attempt(self, edit: Any, *arguments: Any) -> bool:
        """Do an edit; what is refused is told. Returns whether it was done."""
        try:
            edit(*arguments)
        except NetlmError as error:
            self.failed.emit(error)
            return False
        self.done.emit()
        return True

    @property
    def plane_axis(self) -> int:
        """The array axis across the plane that is shown."""
        return int(self.reviewing.desk.viewer.dims.order[0])

    def _image(self) -> Any:
        image = top_image(self.reviewing.desk.viewer)
        shape = self.reviewing.desk.frame.shown_grid.shape_kji
        if image is None or np.shape(image.data) != shape:
            raise bad_edit("an image of the study that is shown", "none", remedy="Show one")
        return np.asarray(image.data)

    def threshold(self, first: FloatArray) -> Callable[[FloatArray], Change]:
        """The brush of a stroke that begins at ``first``: what it changes at a point. Raises NetlmError."""
        work, grid, image = self.reviewing, self.reviewing.desk.frame.shown_grid, self._image()
        label, within, low, high = work.label, work.within, self.reach.low, self.reach.high
        if low is None and high is None:
            levels = levels_at(work.labels, image, grid, first, radius_mm=self.reach.grow_mm, within=within)
            low, high = levels.range

        def paint(index: FloatArray) -> Change:
            return threshold_brushed(
                work.labels,
                image,
                grid,
                index,
                radius_mm=self.reach.brush_mm,
                low=-np.inf if low is None else low,
                high=np.inf if high is None else high,
                label=label,
                replacing=work.replacing,
                within=within,
            )

        return paint
