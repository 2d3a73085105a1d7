"""Pictures of the lesions in three planes, with outlines, orientation letters and a scale bar."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from netlm_imaging.anatomy import Anatomy
from netlm_imaging.export import palette
from netlm_imaging.export.planes import PLANES, Plane, cut, edges, fullest_slice, size_mm
from netlm_imaging.volume import LabelMap, Mask, Volume

CT_WINDOW_HU = (-60.0, 200.0)
"""A liver window, portal venous phase (center 70, width 260; ours)."""
SUV_WINDOW = (0.0, 15.0)
"""g/mL; DOTATATE display range (ours)."""
_SCALE_BAR_MM = 50.0
_FIGURE_WIDTH_IN = 10.0
_DPI = 150


@dataclass(frozen=True, slots=True, kw_only=True)
class SliceScene:
    """What is drawn: a canonical image and the canonical regions on it."""

    image: Volume
    lesions: LabelMap
    treated: Mask
    liver: Mask
    cleared: frozenset[int]
    window: tuple[float, float]
    inverted: bool = False


def slice_scene(
    image: Volume, *, kind: str, anatomy: Anatomy, treated: Mask, cleared: Sequence[int], margin_mm: float
) -> SliceScene:
    """The scene around the liver: cropped to it plus ``margin_mm``, in canonical order."""
    box = anatomy.liver.bounding_box(margin_mm)
    near = image.crop(box).canonical()
    liver = anatomy.liver.crop(box).canonical()
    return SliceScene(
        image=near,
        lesions=anatomy.lesions.crop(box).canonical(),
        treated=treated.crop(box).canonical(),
        liver=liver,
        cleared=frozenset(cleared),
        window=_window(near.array, kind),
        inverted=kind == "pet",
    )


def _window(voxels: npt.NDArray[Any], kind: str) -> tuple[float, float]:
    if kind == "ct":
        return CT_WINDOW_HU
    if kind == "pet":
        return SUV_WINDOW
    low, high = np.percentile(voxels, (0.5, 99.7))
    return (float(low), float(low + 1.1 * max(high - low, 1e-6)))


def draw_slices(scene: SliceScene, lesions: Sequence[int]) -> bytes:
    """One row a lesion, one column a plane; PNG. Without lesions one row through the liver."""
    from matplotlib.figure import Figure

    rows = list(lesions) or [0]
    widths, heights = zip(*(size_mm(scene.image.grid, plane) for plane in PLANES), strict=True)
    frame_height = max(heights)  # all panels share one scale
    height = _FIGURE_WIDTH_IN * frame_height / sum(widths) * len(rows)
    figure = Figure(figsize=(_FIGURE_WIDTH_IN, height), dpi=_DPI, facecolor="black")
    axes = figure.subplots(len(rows), 3, squeeze=False, width_ratios=widths)
    figure.subplots_adjust(left=0, right=1, bottom=0, top=1, wspace=0.012, hspace=0.012)
    for row, lesion in enumerate(rows):
        region = scene.lesions.array == lesion if lesion else scene.liver.array
        for column, plane in enumerate(PLANES):
            _panel(axes[row, column], scene, plane, fullest_slice(region, plane), frame_height)
            title = f"{plane.name} · lesion {lesion}" if lesion else plane.name
            _write(axes[row, column], 0.025, 0.97, title, scene, va="top", ha="left", size=8)
    return png_of(figure)


def png_of(figure: Any) -> bytes:
    """PNG bytes without time or software version: equal pictures, equal bytes."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", metadata={"Software": None}, facecolor=figure.get_facecolor())
    return buffer.getvalue()


def _panel(axes: Any, scene: SliceScene, plane: Plane, index: int, frame_mm: float) -> None:
    width, height = size_mm(scene.image.grid, plane)
    axes.imshow(
        cut(scene.image, plane, index),
        cmap="gray_r" if scene.inverted else "gray",
        vmin=scene.window[0],
        vmax=scene.window[1],
        extent=(0, width, height, 0),
        interpolation="bilinear",
    )
    _outlines(axes, scene, plane, index)
    axes.set_xlim(0, width)
    axes.set_ylim((height + frame_mm) / 2, (height - frame_mm) / 2)
    axes.set_facecolor("white" if scene.inverted else "black")
    axes.set_xticks([])
    axes.set_yticks([])
    axes.spines[:].set_visible(False)
    at = edges(scene.image.grid, plane)
    for letter, x, y in (
        (at.left, 0.02, 0.5),
        (at.right, 0.98, 0.5),
        (at.top, 0.5, 0.97),
        (at.bottom, 0.5, 0.03),
    ):
        _write(axes, x, y, letter, scene, size=10, weight="bold")
    _scale_bar(axes, scene, width)


def _outlines(axes: Any, scene: SliceScene, plane: Plane, index: int) -> None:
    _outline(axes, cut(scene.treated, plane, index), scene, plane, palette.TREATED, "dashed")
    lesions = cut(scene.lesions, plane, index)
    for label in np.unique(lesions[lesions > 0]):
        is_cleared = int(label) in scene.cleared
        color = palette.CLEARED if is_cleared else palette.RESIDUAL
        region = lesions == label
        _outline(axes, region, scene, plane, color, "solid")
        x, y = _upper_right(region, _steps(scene, plane))
        name = str(label) if is_cleared else f"{label} stays"
        _write(axes, x, y, name, scene, ha="left", va="bottom", size=8, color=color, data=True)


def _upper_right(region: npt.NDArray[np.bool_], steps: tuple[float, float]) -> tuple[float, float]:
    """In mm, just outside the region's corner towards the upper right of the picture."""
    rows, columns = np.nonzero(region)
    x, y = (columns + 1) * steps[0], rows * steps[1]
    corner = int(np.argmax(x - y))
    return (float(x[corner]) + 1.5, float(y[corner]) - 1.5)


def _outline(
    axes: Any,
    region: npt.NDArray[np.bool_],
    scene: SliceScene,
    plane: Plane,
    color: str,
    style: str,
) -> None:
    if not region.any():
        return
    from matplotlib import patheffects

    step_x, step_y = _steps(scene, plane)
    x = (np.arange(region.shape[1] + 2) - 0.5) * step_x
    y = (np.arange(region.shape[0] + 2) - 0.5) * step_y
    # Padding closes the outline of a region that reaches the edge of the picture.
    drawn = axes.contour(x, y, np.pad(region, 1).astype(float), [0.5], colors=[color], linewidths=1.2)
    drawn.set_linestyle(style)
    drawn.set_path_effects([patheffects.withStroke(linewidth=2.2, foreground="black", alpha=0.6)])


def _steps(scene: SliceScene, plane: Plane) -> tuple[float, float]:
    down, across = (s for axis, s in enumerate(scene.image.grid.spacing_kji_mm) if axis != plane.axis)
    return (across, down)


def _scale_bar(axes: Any, scene: SliceScene, width_mm: float) -> None:
    end = 0.97
    start = end - _SCALE_BAR_MM / width_mm
    for color, line in zip(reversed(_ink(scene)), (4.0, 2.0), strict=True):
        axes.plot((start, end), (0.035, 0.035), color=color, linewidth=line, transform=axes.transAxes)
    _write(axes, (start + end) / 2, 0.05, f"{_SCALE_BAR_MM / 10:.0f} cm", scene, va="bottom", size=7)


def _write(axes: Any, x: float, y: float, text: str, scene: SliceScene, **style: Any) -> None:
    """Text with a rim, readable on any gray; at a share of the panel, or with ``data`` at mm."""
    from matplotlib import patheffects

    ink, rim = _ink(scene)
    rim = {palette.CLEARED: "black", palette.RESIDUAL: "white"}.get(style.get("color", ""), rim)
    place = axes.transData if style.pop("data", False) else axes.transAxes
    style = {"color": ink, "ha": "center", "va": "center", "clip_on": True} | style
    written = axes.text(x, y, text, transform=place, **style)
    written.set_path_effects([patheffects.withStroke(linewidth=2, foreground=rim)])


def _ink(scene: SliceScene) -> tuple[str, str]:
    return ("black", "white") if scene.inverted else ("white", "black")
