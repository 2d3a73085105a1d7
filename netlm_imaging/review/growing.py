"""A lesion from one click: as far as the image looks like the point, halfway to the tissue around it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import edt
import numpy as np
import numpy.typing as npt
from scipy import ndimage

from netlm_imaging.errors import Fault, UsageError
from netlm_imaging.geometry import Box, FloatArray, Grid
from netlm_imaging.lesions.regions import enclosed
from netlm_imaging.review.change import BACKGROUND, Change, Labels, bad_edit, filled
from netlm_imaging.review.edits import around, brushed
from netlm_imaging.volume import BoolArray

Image = npt.NDArray[Any]
"""Intensities [k, j, i] in any real type."""
POINT_MM = 2.0
"""The level of a lesion is the median of a ball of this radius around the click (ours)."""
TISSUE_MM = 20.0
"""The tissue around is looked at so far beyond the radius (ours): mostly liver, however large the lesion."""
LEAST_CONTRAST_SD = 2.0
"""A click whose level differs less than this from the tissue around it shows no edge to grow to (ours)."""
SD_OF_MAD = 1.4826
"""Standard deviation of a normal distribution over its median absolute deviation."""
NECK_MM = 4.0
"""A bridge thinner than this is a vessel or a neighbor that touches, not the lesion (ours)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Levels:
    """Intensity of a lesion at a click and of the tissue around it; both in units of the image."""

    lesion: float
    tissue: float
    tissue_sd: float

    @property
    def edge(self) -> float:
        """Halfway: where the true edge of a blurred object lies."""
        return (self.lesion + self.tissue) / 2.0

    @property
    def range(self) -> tuple[float, float]:
        """Lowest and highest value that is nearer to the lesion's."""
        return (self.edge, np.inf) if self.lesion > self.tissue else (-np.inf, self.edge)

    def like_lesion(self, values: npt.ArrayLike) -> BoolArray:
        """Whether ``values`` are nearer to the lesion's than to the tissue's."""
        low, high = self.range
        return np.asarray((np.asarray(values) >= low) & (np.asarray(values) <= high))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Growth:
    """What grew from a click."""

    change: Change
    levels: Levels
    reached_radius: bool
    """It was cut off by the radius: the lesion may be larger."""


def grown(
    labels: Labels,
    image: Image,
    grid: Grid,
    seed_kji: npt.ArrayLike,
    *,
    label: int,
    radius_mm: float,
    within: BoolArray | None = None,
    replacing: Sequence[int] | None = BACKGROUND,
) -> Growth:
    """``label`` around ``seed_kji`` in what ``image``, of the shape of ``labels``, shows there as one object.

    Voxels within ``radius_mm`` of the click (and ``within``, the liver) that are nearer to the level at the
    click than to that of the tissue around; bridges thinner than 4 mm are cut, holes filled.
    Raises UsageError: BAD_EDIT, NO_CONTRAST where the click looks like the tissue around it.
    """
    levels = levels_at(labels, image, grid, seed_kji, radius_mm=radius_mm, within=within)
    box, distance = around(grid, seed_kji, radius_mm)
    allowed = distance <= radius_mm
    if within is not None:
        allowed &= within[box]
    if replacing is not None:
        allowed &= np.isin(labels[box], [*replacing, label])
    alike = allowed & levels.like_lesion(image[box])
    if not (alike & (distance <= max(POINT_MM, *grid.spacing_mm))).any():
        raise bad_edit(
            "a click on tissue that may become this region",
            "one on another region or outside the liver",
            remedy="Click into the lesion, or allow to overwrite",
        )
    region = _object_nearest(alike, distance, grid)
    region |= enclosed(region) & allowed
    return Growth(
        change=filled(labels, box, region, label, replacing=replacing),
        levels=levels,
        reached_radius=bool((region & (distance > radius_mm - max(grid.spacing_mm))).any()),
    )


def levels_at(
    labels: Labels,
    image: Image,
    grid: Grid,
    seed_kji: npt.ArrayLike,
    *,
    radius_mm: float,
    within: BoolArray | None = None,
) -> Levels:
    """What the image shows at a click and, beyond ``radius_mm``, in the unlabeled tissue around it.

    Raises UsageError: BAD_EDIT, NO_CONTRAST.
    """
    box, distance = around(grid, seed_kji, radius_mm + TISSUE_MM)
    values = np.asarray(image[box], dtype=np.float64)
    tissue = labels[box] == 0
    if within is not None:
        tissue &= within[box]
    beyond = tissue & (distance > radius_mm) & (distance <= radius_mm + TISSUE_MM)
    # Beside the edge of the liver little may lie beyond: then all around the click is asked.
    chosen = values[beyond] if beyond.sum() >= tissue.sum() / 4 else values[tissue]
    if not chosen.size:
        raise bad_edit("tissue without a label around the click", "none")
    level = float(np.median(values[distance <= POINT_MM]))
    median = float(np.median(chosen))
    spread = SD_OF_MAD * float(np.median(np.abs(chosen - median)))
    if abs(level - median) <= LEAST_CONTRAST_SD * spread:
        raise _no_contrast(level, median)
    return Levels(lesion=level, tissue=median, tissue_sd=spread)


def threshold_brushed(
    labels: Labels,
    image: Image,
    grid: Grid,
    centers_kji: npt.ArrayLike,
    *,
    radius_mm: float,
    low: float,
    high: float,
    label: int,
    replacing: Sequence[int] | None = BACKGROUND,
    plane_axis: int | None = None,
    within: BoolArray | None = None,
) -> Change:
    """As ``brushed``, but only voxels where ``image`` is ``low`` to ``high``, and ``within``."""

    def suits(box: Box) -> BoolArray:
        inside = (image[box] >= low) & (image[box] <= high)
        return np.asarray(inside if within is None else inside & within[box])

    return brushed(
        labels,
        grid,
        centers_kji,
        radius_mm=radius_mm,
        label=label,
        replacing=replacing,
        plane_axis=plane_axis,
        where=suits,
    )


def _object_nearest(alike: BoolArray, distance: FloatArray, grid: Grid) -> BoolArray:
    """The component nearest to the click, cut from all that hangs on it by a thin neck.

    Opened by a ball of half the neck and grown back by it: a component without any part so thick stays whole.
    """
    whole = _component(alike, distance)
    thick = edt.edt(np.pad(whole, 1), anisotropy=grid.spacing_kji_mm)[1:-1, 1:-1, 1:-1] > NECK_MM / 2.0
    if not thick.any():
        return whole
    core = _component(thick, distance)
    from_core = edt.edt(~core, anisotropy=grid.spacing_kji_mm)
    return np.asarray(whole & (from_core <= NECK_MM / 2.0 + min(grid.spacing_mm)))


def _component(region: BoolArray, distance: FloatArray) -> BoolArray:
    """The part of ``region``, connected by faces, that has the voxel nearest to the click."""
    nearest = np.where(region, distance, np.inf).argmin()
    parts, _ = ndimage.label(region)
    return np.asarray(parts == parts.ravel()[nearest])


def _no_contrast(level: float, tissue: float) -> UsageError:
    return UsageError(
        Fault(
            code="NO_CONTRAST",
            expected="a click that looks unlike the tissue around it",
            found=f"{level:.4g} at the click, {tissue:.4g} around",
            where="editing a mask",
            remedy="Click into the lesion, choose another image or radius, or paint it",
        )
    )
