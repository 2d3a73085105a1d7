"""How clearly an image shows a lesion: its contrast to the liver around it, in units of the liver's noise."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from netlm_imaging.lesions.regions import Region
from netlm_imaging.volume import BoolArray, Volume

GAP_MM, RING_MM = 2.0, 10.0
"""The liver around is taken beyond the blurred edge, and no farther away than this (ours)."""
FEWEST_VOXELS = 50
SD_OF_MAD = 1.4826
"""Of normal noise."""


def contrast_to_noise(image: Volume, region: Region, liver: BoolArray) -> float | None:
    """CNR of a lesion: how far its mean lies from the median of the liver around, in SDs of that liver.

    ``liver``: bool, shape of ``image``. The SD is that of the median absolute deviation, so that vessels and
    other lesions nearby hardly count, and the figure of a lesion does not depend on outlines of others. None
    where too little liver lies around, or it has no noise.
    """
    steps = np.ceil(RING_MM / np.asarray(image.grid.spacing_kji_mm)).astype(int)
    box = region.grown_box(image.grid.shape_kji, steps_kji=steps.tolist())
    mask = np.zeros(image.array[box].shape, dtype=bool)
    mask[tuple(slice(s.start - b.start, s.stop - b.start) for s, b in zip(region.box, box, strict=True))] = (
        region.mask
    )
    away = ndimage.distance_transform_edt(~mask, sampling=image.grid.spacing_kji_mm)
    ring = image.array[box][liver[box] & (away > GAP_MM) & (away <= RING_MM)].astype(np.float64)
    if ring.size < FEWEST_VOXELS:
        return None
    level = float(np.median(ring))
    noise = SD_OF_MAD * float(np.median(np.abs(ring - level)))
    own = float(np.mean(image.array[region.box][region.mask], dtype=np.float64))
    return abs(own - level) / noise if noise > 0 else None
