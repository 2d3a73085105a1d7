"""To and from SimpleITK, which shares our LPS millimetres and [k, j, i] arrays."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import SimpleITK as sitk

from netlm_imaging.align.rigid import Rigid, rigid
from netlm_imaging.geometry import Grid
from netlm_imaging.volume import Mask, Volume


def to_image(item: Volume | Mask) -> Any:
    """A SimpleITK image of the same voxels and geometry: float32 of a Volume, 0 and 1 of a Mask."""
    kind = np.uint8 if isinstance(item, Mask) else np.float32
    image = sitk.GetImageFromArray(np.ascontiguousarray(item.array, dtype=kind))
    image.SetSpacing(item.grid.spacing_mm)
    image.SetOrigin(item.grid.origin_mm)
    image.SetDirection(item.grid.direction)
    return image


def to_array(image: Any) -> npt.NDArray[Any]:
    """The voxels of an image [k, j, i]."""
    return np.asarray(sitk.GetArrayFromImage(image))


def to_transform(motion: Rigid) -> Any:
    """A transform for ``sitk.Resample``, which asks where an output (fixed) point lies in the input."""
    transform = sitk.AffineTransform(3)
    transform.SetMatrix(motion.rotation)
    transform.SetTranslation(motion.translation_mm)
    return transform


def from_transform(transform: Any) -> Rigid:
    """The Rigid of a centered SimpleITK rotation such as ``Euler3DTransform``."""
    matrix = np.reshape(transform.GetMatrix(), (3, 3))
    center = np.asarray(transform.GetCenter())
    return rigid(matrix, np.asarray(transform.GetTranslation()) + center - matrix @ center)


def resample_onto(image: Any, grid: Grid, *, transform: Any, interpolator: Any, outside: float) -> Any:
    """``image`` on the voxels of ``grid``, as a SimpleITK image of the same pixel type."""
    resampler = sitk.ResampleImageFilter()
    resampler.SetSize(grid.shape_kji[::-1])
    resampler.SetOutputSpacing(grid.spacing_mm)
    resampler.SetOutputOrigin(grid.origin_mm)
    resampler.SetOutputDirection(grid.direction)
    resampler.SetTransform(transform)
    resampler.SetInterpolator(interpolator)
    resampler.SetDefaultPixelValue(outside)
    return resampler.Execute(image)
