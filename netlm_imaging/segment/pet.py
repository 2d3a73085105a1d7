"""Lesions on PET inside the liver (clinical-rules 5): contour at max(45 % of SUVmax, liver mean + 2 SD)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import ndimage
from scipy.signal import fftconvolve
from skimage.segmentation import watershed

from netlm_imaging.errors import Fault, InputError, Notice
from netlm_imaging.geometry import Box, Grid
from netlm_imaging.segment.morphology import Floats, Spacing, components, depth_mm, grown
from netlm_imaging.segment.oriented import like
from netlm_imaging.settings import PetSettings
from netlm_imaging.volume import BoolArray, LabelMap, Mask, Volume, require_on

BACKGROUND_RADIUS_MM = 15.0
"""A 30 mm sphere in tumor-free right liver (clinical-rules 5)."""
SMALLEST_BACKGROUND_RADIUS_MM = 7.5
SPILL_MM = 6.5
"""Point spread of 68Ga PET (clinical-rules 8): how far tumor and neighbors shine into the background."""
PEAK_SD = 4.0
"""A lesion's SUVmax stands out from all noise peaks of a liver: of thousands some reach 3 to 4 SD (ours)."""
PEAK_OVER_LIVER = 1.5
"""And exceeds the liver's mean as Krenning 3 does: up to this it is normal liver (clinical-rules 5)."""
PEAK_APART_MM = 8.0
"""Peaks closer than the resolution are one."""
SADDLE = 0.8
"""Two peaks are two lesions when the uptake between them falls below this share of the lower one (ours)."""
SMALLEST_ML = 0.1
"""Smaller specks are noise: a point source already fills about 0.15 mL (ours)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LiverBackground:
    """Uptake of tumor-free liver in a sphere."""

    mean: float
    sd: float
    center_lps_mm: tuple[float, float, float]
    radius_mm: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PetLesions:
    """Lesions seen on PET, 1 to n by descending volume, and the background that they were told from."""

    labels: LabelMap
    background: LiverBackground
    notices: tuple[Notice, ...] = ()


def segment_pet_lesions(
    suv: Volume, liver: Mask, *, exclude: Mask | None = None, settings: PetSettings | None = None
) -> PetLesions:
    """Lesions on ``suv`` (SUVbw) inside ``liver``, on one grid.

    ``exclude`` is known tumor, kept out of the background sphere. Peaks that belong to organs outside
    the liver are not lesions. Raises InputError (NO_PET_BACKGROUND) when no tumor-free liver is left,
    EMPTY_MASK for an empty liver.
    """
    require_on(suv.grid, [liver, exclude], what="PET and masks on one grid")
    settings = settings or PetSettings()
    box = liver.bounding_box(2.0 * PEAK_APART_MM)
    image, inside, grid, background = _around_liver(suv, liver, exclude, box)
    labels = _lesions(image, inside, background, settings, grid.spacing_kji_mm)
    cropped = LabelMap(like(labels, suv.grid.crop(box)), suv.grid.crop(box))
    return PetLesions(
        labels=cropped.paste_into(suv.grid), background=background, notices=_notices(background)
    )


def liver_background(suv: Volume, liver: Mask, *, exclude: Mask | None = None) -> LiverBackground:
    """The uptake of tumor-free liver that ``segment_pet_lesions`` compares with. Raises as that does."""
    require_on(suv.grid, [liver, exclude], what="PET and masks on one grid")
    return _around_liver(suv, liver, exclude, liver.bounding_box(2.0 * PEAK_APART_MM))[-1]


def _around_liver(
    suv: Volume, liver: Mask, exclude: Mask | None, box: Box
) -> tuple[Floats, BoolArray, Grid, LiverBackground]:
    """Image and liver inside ``box`` in canonical order, their grid, and the background."""
    part = suv.crop(box).canonical()
    inside = liver.crop(box).canonical().array
    known = np.zeros_like(inside) if exclude is None else exclude.crop(box).canonical().array
    image = np.ascontiguousarray(part.array, dtype=np.float32)
    return image, inside, part.grid, _background(image, inside, known, part.grid)


def _background(image: Floats, liver: BoolArray, known: BoolArray, grid: Grid) -> LiverBackground:
    """The most typical sphere of right liver, clear of known tumor and of whatever is hot."""
    spacing = grid.spacing_kji_mm
    unknown = image[liver & ~known]
    hot = liver & (image > PEAK_OVER_LIVER * (np.median(unknown) if unknown.size else 0.0))
    depth = _free_depth(liver, known | hot, spacing)
    radius = min(BACKGROUND_RADIUS_MM, float(depth.max()) - max(spacing) / 2.0)
    if radius < SMALLEST_BACKGROUND_RADIUS_MM:
        raise InputError(
            Fault(
                code="NO_PET_BACKGROUND",
                expected="tumor-free right liver for a background sphere",
                found=f"room for a sphere of {2 * float(depth.max()):.0f} mm only",
                where="PET",
                remedy="Give the lesions as masks",
            )
        )
    mean, sd = _sphere_statistics(image, radius, spacing)
    places = np.argwhere(depth > radius)
    means, sds = mean[tuple(places.T)], sd[tuple(places.T)]
    odd = np.abs(means / max(1e-6, np.median(means)) - 1) + np.abs(sds / max(1e-6, np.median(sds)) - 1)
    best = int(np.argmin(odd))
    x, y, z = grid.to_patient(places[best]).tolist()
    return LiverBackground(
        mean=float(means[best]), sd=float(sds[best]), center_lps_mm=(x, y, z), radius_mm=radius
    )


def _free_depth(liver: BoolArray, known: BoolArray, spacing: Spacing) -> Floats:
    """Distance to the nearest voxel that is no right liver or that known tumor shines into."""
    free = liver & ~grown(known, SPILL_MM, spacing)
    columns = np.cumsum(liver.sum(axis=(0, 1)))
    free[:, :, int(np.searchsorted(columns, columns[-1] / 2)) + 1 :] = False  # i grows to the left
    return depth_mm(np.pad(free, 1), spacing)[1:-1, 1:-1, 1:-1]


def _sphere_statistics(
    image: Floats, radius: float, spacing: Spacing
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Mean and SD in the sphere around every voxel."""
    ball = _ball(radius, spacing).astype(np.float64)
    ball /= ball.sum()
    mean = fftconvolve(image.astype(np.float64), ball, mode="same")
    square = fftconvolve(image.astype(np.float64) ** 2, ball, mode="same")
    return mean, np.sqrt(np.maximum(square - mean**2, 0.0))


def _lesions(
    image: Floats, liver: BoolArray, background: LiverBackground, settings: PetSettings, spacing: Spacing
) -> npt.NDArray[np.uint16]:
    """Every peak's own basin, cut off at that lesion's threshold."""
    floor = background.mean + settings.liver_sd * background.sd
    noise = background.mean + max(PEAK_SD, settings.liver_sd) * background.sd
    peaks = _peaks(image, liver, max(noise, PEAK_OVER_LIVER * background.mean), spacing)
    markers = np.zeros(image.shape, np.int32)
    for n, peak in enumerate(peaks, start=1):
        markers[peak] = n
    basins = watershed(-image, markers, mask=liver & (image > floor))
    labels = np.zeros(image.shape, np.uint16)
    for n, peak in enumerate(peaks, start=1):
        threshold = max(settings.threshold_fraction_of_max * float(image[peak]), floor)
        parts, _ = components((basins == n) & (image > threshold), connectivity=26)
        region = (parts == parts[peak]) & (parts > 0)
        if np.count_nonzero(region) * float(np.prod(spacing)) / 1000.0 >= SMALLEST_ML:
            labels[region] = n
    return _by_volume(labels)


def _peaks(image: Floats, liver: BoolArray, minimum: float, spacing: Spacing) -> list[tuple[int, ...]]:
    """Maxima in the liver, hottest first, without those that are mere ripples on a hotter one."""
    top = ndimage.maximum_filter(image, footprint=_ball(PEAK_APART_MM, spacing)) == image
    where = np.argwhere(top & liver & (image > minimum))
    where = where[np.argsort(-image[tuple(where.T)], kind="stable")]
    kept: list[tuple[int, ...]] = []
    for peak in map(tuple, where.tolist()):
        parts, _ = components(image > SADDLE * float(image[peak]), connectivity=26)
        if not any(parts[hotter] == parts[peak] for hotter in kept):
            kept.append(peak)
    return kept


def _by_volume(labels: npt.NDArray[np.uint16]) -> npt.NDArray[np.uint16]:
    sizes = np.bincount(labels.ravel())
    order = [n for n in np.argsort(-sizes[1:], kind="stable") + 1 if sizes[n]]
    ranks = np.zeros(len(sizes), np.uint16)
    ranks[order] = np.arange(1, len(order) + 1)
    return np.asarray(ranks[labels])


def _ball(radius: float, spacing: Spacing) -> BoolArray:
    axes = [np.arange(-int(radius / s), int(radius / s) + 1) * s for s in spacing]
    k, j, i = np.meshgrid(*axes, indexing="ij")
    return np.asarray(k**2 + j**2 + i**2 <= radius**2)


def _notices(background: LiverBackground) -> tuple[Notice, ...]:
    if background.radius_mm >= BACKGROUND_RADIUS_MM:
        return ()
    message = (
        f"Tumor-free right liver had room for a background sphere of {2 * background.radius_mm:.0f} mm only"
        f" (30 mm wanted): the PET contours rest on fewer voxels."
    )
    return (Notice(code="PET_BACKGROUND_SMALL", message=message, where="PET"),)
