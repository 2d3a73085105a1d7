"""Skin, bone and gas around the liver, as far as an image shows them: what a probe from the skin meets."""

from __future__ import annotations

import cc3d
import edt
import numpy as np
from scipy import ndimage
from skimage.filters import threshold_otsu

from netlm_imaging.align.body import LIVER_IN_BODY_SHARE, body_mask
from netlm_imaging.anatomy import Surroundings
from netlm_imaging.errors import Fault, InputError
from netlm_imaging.geometry import FloatArray, Grid, canonical_axes
from netlm_imaging.volume import BoolArray, Mask, Volume

SMALLEST_BODY = 2.0
"""A body around a liver is at least so many times as large, on few slices too (ours)."""
SKIN_HU = -400.0
"""Halfway from air to fat; lung is darker (ours)."""
BONE_HU = 200.0
"""Denser is bone, outside the liver (ours); contrast medium in wide vessels and kidneys counts too."""
SMALLEST_BONE_ML = 0.2
"""Smaller dense specks are noise, clips and calcified plaques (ours)."""
SMALLEST_GAS_ML = 1.0
"""Smaller regions are noise (ours)."""
SMALLEST_DARK_ML = 20.0
"""Smaller dark regions of an MRI are flowing blood and tendons as well (ours)."""
GAS_UNDER_SKIN_MM = 6.0
"""Air of which most lies less deep is outside: between the patient and the table, or in a fold (ours)."""
FAR_FROM_BODY_MM = 40.0
"""Air this far from all that is bright shows how noisy air is (ours)."""
FEWEST_AIR_VOXELS = 2000
AIR_FACTOR = 1.25
"""Skin is brighter than this multiple of the smoothed air's 99.9th percentile (ours): suppressed fat is
little brighter than air."""
SKIN_OTSU_SHARE = 0.12
"""And than this part of the way from air to Otsu's threshold: scanners set far air to 0, ghosts lie nearer
(ours)."""


def surroundings(
    image: Volume | None, *, ct: bool, liver: Mask, body: Mask | None = None
) -> Surroundings | None:
    """The body (given, or found in ``image``), and what of bone and gas in it the image shows.

    All on the liver's grid; ``image`` holds HU where ``ct``. An image without units shows no bone, and
    gas only as dark regions. None where no skin is known: no body is given, and the image holds too
    little air to tell it from skin. Raises InputError (BODY_WITHOUT_LIVER) for a given body that
    cannot be one.
    """
    if body is not None:
        _require_liver_inside(body, liver)
    if image is None:
        return None if body is None else Surroundings(body=_filled(body.array, body.grid))
    smooth, level = _ct_level(image) if ct else _other_level(image)
    found = _largest(ndimage.binary_opening(smooth > level, iterations=2 if ct else 1))
    skin = found if body is None else body.array
    if not np.isfinite(level) or not skin.any():
        return None if body is None else Surroundings(body=_filled(body.array, body.grid))
    whole = _filled(skin, image.grid)
    hollow = whole.array & (smooth < level)
    gas, outside = _gas(hollow, whole, smallest_ml=SMALLEST_GAS_ML if ct else SMALLEST_DARK_ML)
    if body is None:
        whole = Mask(whole.array & ~outside, image.grid)
    if not ct:
        gas = ndimage.binary_dilation(gas)  # what smoothing took off its edge
    dark = Mask(gas & whole.array & ~liver.array, image.grid)
    bone = Mask(_bone(image, whole.array & ~liver.array), image.grid) if ct else None
    return Surroundings(body=whole, bone=bone, gas=dark if ct else None, dark=None if ct else dark)


def _require_liver_inside(body: Mask, liver: Mask) -> None:
    """A wrong body would put the skin where none is."""
    held = np.count_nonzero(body.array & liver.array) / max(liver.voxels, 1)
    times = body.voxels / max(liver.voxels, 1)
    if held < LIVER_IN_BODY_SHARE or times < SMALLEST_BODY:
        raise InputError(
            Fault(
                code="BODY_WITHOUT_LIVER",
                expected=f"a body mask with the liver inside, at least {SMALLEST_BODY:g} times as large",
                found=f"one {times:.1f} times as large with {100 * held:.0f} % of the liver inside",
                where="body mask",
                remedy="Give the mask of all that lies under the skin, lungs included",
            )
        )


def _ct_level(image: Volume) -> tuple[FloatArray, float]:
    return image.array, SKIN_HU


def _other_level(image: Volume) -> tuple[FloatArray, float]:
    """The image without its noise, and what is brighter than air in it; infinity where too little is air.

    Fat is dark where it is suppressed, far below the level of the brighter tissues.
    """
    smooth = ndimage.uniform_filter(image.array.astype(np.float32), size=3)
    apart = edt.edt(~body_mask(image).array, anisotropy=image.grid.spacing_kji_mm, parallel=1)
    air = smooth[np.isfinite(apart) & (apart > FAR_FROM_BODY_MM)]
    if air.size < FEWEST_AIR_VOXELS:
        return smooth, np.inf
    low, middle = float(np.median(air)), float(threshold_otsu(image.array[::2, ::4, ::4]))
    noise = AIR_FACTOR * float(np.percentile(air, 99.9))
    return smooth, max(noise, low + SKIN_OTSU_SHARE * (middle - low))


def _largest(array: BoolArray) -> BoolArray:
    parts, count = cc3d.connected_components(array, connectivity=6, return_N=True)
    if count == 0:
        return np.zeros_like(array)
    return np.asarray(parts == 1 + int(np.argmax(np.bincount(parts.ravel())[1:])))


def _filled(array: BoolArray, grid: Grid) -> Mask:
    """Lungs and gas belong to the body: holes are closed in each plane across it, in any array order."""
    axis = canonical_axes(grid)[0][0]
    planes = [ndimage.binary_fill_holes(plane) for plane in np.moveaxis(array, axis, 0)]
    return Mask(np.moveaxis(np.stack(planes), 0, axis), grid)


def _bone(image: Volume, where: BoolArray) -> BoolArray:
    parts = cc3d.connected_components(where & (image.array > BONE_HU), connectivity=26)
    large = np.bincount(parts.ravel()) * image.grid.voxel_ml >= SMALLEST_BONE_ML
    large[0] = False
    return np.asarray(large[parts])


def _gas(hollow: BoolArray, body: Mask, *, smallest_ml: float) -> tuple[BoolArray, BoolArray]:
    """Gas in the body, and air that the filling took in but that lies outside."""
    parts = cc3d.connected_components(hollow, connectivity=6)
    sizes = np.bincount(parts.ravel()) * body.grid.voxel_ml
    # Copied, for edt refuses read-only arrays.
    depth = edt.edt(body.array.copy(), anisotropy=body.grid.spacing_kji_mm, black_border=False, parallel=1)
    near_skin = np.bincount(parts[depth < GAS_UNDER_SKIN_MM], minlength=sizes.size) * body.grid.voxel_ml
    large = sizes >= smallest_ml
    large[0] = False
    outside = large & (near_skin > 0.5 * sizes)
    return np.asarray((large & ~outside)[parts]), np.asarray(outside[parts])
