"""Intensities onto another grid."""

from __future__ import annotations

import SimpleITK as sitk

from netlm_imaging.align.itk import resample_onto, to_array, to_image, to_transform
from netlm_imaging.align.rigid import Rigid
from netlm_imaging.geometry import Grid
from netlm_imaging.volume import Volume


def resample(volume: Volume, grid: Grid, *, transform: Rigid | None = None, outside: float = 0.0) -> Volume:
    """``volume`` by linear interpolation at the voxel centers of ``grid``, as float32.

    ``transform`` maps LPS points of ``grid`` to LPS points of ``volume``; None means one frame of
    reference. Voxels that lie outside the volume get ``outside``.
    """
    if transform is None and volume.grid.same_as(grid):
        return volume
    image = resample_onto(
        to_image(volume),
        grid,
        transform=to_transform(transform or Rigid()),
        interpolator=sitk.sitkLinear,
        outside=outside,
    )
    return Volume(to_array(image), grid)
