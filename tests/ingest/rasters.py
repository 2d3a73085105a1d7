"""Small good NIfTI and NRRD files, to be broken in one way at a time."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import SimpleITK as sitk
from strategies import oblique_grid

from netlm_imaging.geometry import Grid

GRID = oblique_grid((4, 5, 7), (0.8, 1.7, 3.1))
AFFINE = GRID.affine_ras
VALUES = np.arange(140).reshape(GRID.shape_kji).astype(np.int16)
MASK = (VALUES > 100).astype(np.int16)


def save(
    path: Path, array: Any, *, affine: Any = AFFINE, change: Callable[[Any], object] | None = None
) -> Path:
    """A NIfTI file of an array [k, j, i]; ``change`` breaks its header."""
    image = nibabel.Nifti1Image(np.asarray(array).transpose(), affine)
    image.set_sform(affine, code=1)
    image.set_qform(affine, code=1)
    if change is not None:
        change(image)
    image.to_filename(path)
    return path


def sitk_image(array: Any, grid: Grid = GRID) -> sitk.Image:
    image = sitk.GetImageFromArray(array)
    image.SetSpacing(grid.spacing_mm)
    image.SetOrigin(grid.origin_mm)
    image.SetDirection(grid.direction)
    return image


def raw_change(path: Path, offset: int, value: bytes) -> None:
    """Overwrite bytes of an uncompressed file."""
    content = bytearray(path.read_bytes())
    content[offset : offset + len(value)] = value
    path.write_bytes(bytes(content))


def no_codes(image: Any) -> None:
    image.set_sform(AFFINE, code=0)
    image.set_qform(AFFINE, code=0)


def mirrored_qform(image: Any) -> None:
    image.set_qform(AFFINE @ np.diag([-1, 1, 1, 1]), code=1)


def turned_qform(*flips: int) -> Callable[[Any], None]:
    return lambda image: image.set_qform(AFFINE @ np.diag([*flips, 1]), code=1)


def sheared(image: Any) -> None:
    image.set_sform(AFFINE @ np.array([[1, 0.2, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]]), code=1)
    image.set_qform(AFFINE, code=0)


def singular(image: Any) -> None:
    image.set_sform(np.diag([1.0, 0.0, 1.0, 1.0]), code=1)
    image.set_qform(AFFINE, code=0)
