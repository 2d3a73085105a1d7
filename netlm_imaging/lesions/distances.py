"""How far lesions lie from the liver surface and from vessels, between voxel boundaries."""

from __future__ import annotations

import edt
import numpy as np
import numpy.typing as npt
from scipy import ndimage

from netlm_imaging.anatomy import Anatomy
from netlm_imaging.lesions.regions import enclosed, regions_of
from netlm_imaging.volume import BoolArray, bounding_box


def capsule_distances_mm(anatomy: Anatomy) -> dict[int, float]:
    """From each lesion to the nearest point outside the liver; 0 where a lesion touches its surface.

    Holes inside the liver mask are not its surface. Beyond the grid counts as outside.
    """
    box = anatomy.liver.bounding_box()
    liver = anatomy.liver.array[box]
    outside = ~np.pad(liver | enclosed(liver), 1)
    padded = np.pad(anatomy.lesions.array[box], 1)
    return _distances_mm(padded, outside, anatomy.grid.spacing_kji_mm)


def vessel_distances_mm(anatomy: Anatomy) -> dict[int, float | None]:
    """From each lesion to the nearest vessel voxel; None where no vessels are given."""
    if anatomy.vessels is None or not anatomy.vessels.array.any():
        return dict.fromkeys(anatomy.lesions.labels)
    vessels = anatomy.vessels.array
    box = bounding_box(anatomy.liver.array | vessels, anatomy.grid)
    spacing = anatomy.grid.spacing_kji_mm
    return dict(_distances_mm(anatomy.lesions.array[box], vessels[box], spacing))


def _distances_mm(
    lesions: npt.NDArray[np.integer], target: BoolArray, spacing_kji_mm: tuple[float, float, float]
) -> dict[int, float]:
    """Exact distance between the voxel boxes of each lesion and those of ``target``.

    Boxes are half a voxel nearer to each other than their centers on either side, along each axis:
    that equals the distance between centers once the lesion is grown by one voxel all around.
    """
    to_target = edt.edt(~target, anisotropy=spacing_kji_mm, black_border=False, parallel=1)
    distances: dict[int, float] = {}
    for region in regions_of(lesions):
        box = region.grown_box(lesions.shape)
        grown = ndimage.binary_dilation(lesions[box] == region.label, np.ones((3, 3, 3)))
        distances[region.label] = float(to_target[box][grown].min())
    return distances
