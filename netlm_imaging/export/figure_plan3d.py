"""The plan in 3D: liver as glass, vessels, lesions by what becomes of them, treated zones."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from netlm_imaging.anatomy import Anatomy
from netlm_imaging.export import palette
from netlm_imaging.export.figure_slices import png_of
from netlm_imaging.export.render3d import (
    ANTERIOR,
    INFERIOR,
    Field,
    Frame,
    Part,
    View,
    frame_of,
    render,
    surface,
)
from netlm_imaging.geometry import FloatArray
from netlm_imaging.volume import LabelMap, Mask

_MARGIN_MM = 14.0
_TOUCHING_MM = 3.0
"""A lesion that reaches the capsule or the edge of its treated zone is drawn in front of it."""
_STEPS_HIDDEN = 0.6
"""Blur, in voxels, from which a staircase of voxels looks smooth."""
_WIDTH_IN = 10.0
_DPI = 150
_FEW_NAMES = 15
_MOST_NAMES = 40
"""With more lesions than this their numbers would hide them."""


def draw_plan(anatomy: Anatomy, *, treated: Mask, cleared: Sequence[int]) -> bytes:
    """The liver from the front and from the feet, side by side; PNG."""
    from matplotlib.figure import Figure

    box = anatomy.liver.bounding_box(_MARGIN_MM)
    anatomy, treated = anatomy.cropped(_MARGIN_MM), treated.crop(box)
    centers = _centers(anatomy.lesions)
    views = (ANTERIOR, INFERIOR)
    parts = _parts(anatomy, treated, list(centers), frozenset(cleared))
    frames = [frame_of(anatomy.liver, view, margin_mm=_MARGIN_MM) for view in views]
    tall = max(float(f.high[1] - f.low[1]) for f in frames)
    wide = sum(float(f.high[0] - f.low[0]) for f in frames)
    figure = Figure(figsize=(_WIDTH_IN, _WIDTH_IN * tall / wide), dpi=_DPI, facecolor="white")
    axes = figure.subplots(1, 2, width_ratios=[f.high[0] - f.low[0] for f in frames])
    figure.subplots_adjust(left=0, right=1, bottom=0, top=1, wspace=0)
    for ax, view, frame in zip(axes, views, frames, strict=True):
        _show(ax, render(parts, view, frame), view, frame, tall)
        _name_lesions(ax, centers, view, frozenset(cleared))
    return png_of(figure)


def _parts(
    anatomy: Anatomy, treated: Mask, lesions: Sequence[int], cleared: frozenset[int]
) -> tuple[Part, ...]:
    return (
        Part(
            fields=_fields([anatomy.liver], 3.0),
            color=palette.rgb(palette.LIVER),
            opacity=0.16,
            rim=0.75,
            recess_mm=_TOUCHING_MM,
        ),
        Part(fields=_fields([anatomy.vessels], 1.0), color=palette.rgb(palette.VESSEL), opacity=0.9),
        Part(
            fields=_fields([treated], 2.0),
            color=palette.rgb(palette.TREATED),
            opacity=0.13,
            rim=0.55,
            recess_mm=_TOUCHING_MM,
        ),
        Part(
            fields=_fields([anatomy.lesions.mask(n) for n in lesions if n in cleared], 1.8),
            color=palette.rgb(palette.CLEARED),
        ),
        Part(
            fields=_fields([anatomy.lesions.mask(n) for n in lesions if n not in cleared], 1.8),
            color=palette.rgb(palette.RESIDUAL),
        ),
    )


def _fields(masks: Iterable[Mask | None], smooth_mm: float) -> tuple[Field, ...]:
    """Surfaces of what is there, smoothed by at least what hides the steps between voxels."""
    return tuple(
        surface(mask, smooth_mm=max(smooth_mm, _STEPS_HIDDEN * max(mask.grid.spacing_mm)))
        for mask in masks
        if mask is not None and mask.voxels
    )


def _show(ax: Any, picture: Any, view: View, frame: Frame, tall_mm: float) -> None:
    (left, low), (right, high) = frame.low[:2], frame.high[:2]
    columns = frame.rays[2]
    # The last ray may lie a fraction of a step beyond the frame: the picture's own size counts.
    step = (right - left) / (columns - 1)
    ax.imshow(picture, extent=(left - step / 2, right + step / 2, low - step / 2, high + step / 2))
    middle = (low + high) / 2
    ax.set_xlim(left, right)
    ax.set_ylim(middle - tall_mm / 2, middle + tall_mm / 2)
    ax.set_axis_off()
    style = {"transform": ax.transAxes, "ha": "center", "va": "center", "size": 11, "weight": "bold"}
    places = ((0.03, 0.5), (0.97, 0.5), (0.5, 0.96), (0.5, 0.04))
    for letter, (x, y) in zip(view.letters, places, strict=True):
        ax.text(x, y, letter, color="#333333", **style)
    ax.text(0.02, 0.97, view.name, transform=ax.transAxes, va="top", size=9, color="#333333")


def _name_lesions(ax: Any, centers: Mapping[int, FloatArray], view: View, cleared: frozenset[int]) -> None:
    from matplotlib import patheffects

    if len(centers) > _MOST_NAMES:
        return
    rim = [patheffects.withStroke(linewidth=2.5, foreground="white")]
    size = 9 if len(centers) <= _FEW_NAMES else 7
    for label, center in centers.items():
        x, y, _ = view.axes @ center
        name = str(label) if label in cleared else f"{label} stays"
        ax.text(x, y, name, ha="center", va="center", size=size, weight="bold", path_effects=rim)


def _centers(lesions: LabelMap) -> dict[int, FloatArray]:
    """The centroid of each lesion, LPS mm."""
    places = np.argwhere(lesions.array)
    labels = lesions.array[tuple(places.T)]
    counts = np.bincount(labels)
    sums = np.stack([np.bincount(labels, weights=column) for column in places.T], axis=-1)
    return {int(n): lesions.grid.to_patient(sums[n] / counts[n]) for n in np.flatnonzero(counts)}
