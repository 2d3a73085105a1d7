"""NIfTI-1 and -2 files: voxels, affine to LPS, and everything that makes an affine doubtful."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import numpy.typing as npt

from netlm_imaging.errors import Fault, InputError, Notice
from netlm_imaging.geometry import Grid

SUFFIXES = (".nii", ".nii.gz")
_UNIT_MM = {"mm": 1.0, "meter": 1000.0, "micron": 0.001, "unknown": 1.0}
_SAME_AFFINE_MM = 0.1
LARGEST_VOLUME = 2**31
"""Voxels; larger sizes are damaged headers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Raster:
    """Voxels [k, j, i] as a file holds them, scaled; ``scaled`` when a slope or intercept was used."""

    array: npt.NDArray[Any]
    grid: Grid
    scaled: bool = False
    notices: tuple[Notice, ...] = ()


def is_nifti(path: Path) -> bool:
    """By the name alone."""
    return path.name.lower().endswith(SUFFIXES)


def read_nifti(path: Path, *, assume_affine: bool = False) -> Raster:
    """A three-dimensional NIfTI file.

    The sform counts, else the qform; ``assume_affine`` accepts a file that declares neither.
    Raises InputError: UNREADABLE, TRUNCATED_FILE, NOT_3D, AFFINE_UNKNOWN, AFFINE_CONFLICT,
    BAD_PIXDIM, BAD_GRID.
    """
    image = _opened(path)
    header: Any = image.header
    faults, notices = _affine_faults(header, path.name, assume_affine=assume_affine)
    shape = tuple(int(n) for n in header.get_data_shape())
    while len(shape) > 3 and shape[-1] == 1:
        shape = shape[:-1]
    if len(shape) != 3 or min(shape) < 1 or np.prod(shape, dtype=float) > LARGEST_VOLUME:
        found = " x ".join(str(n) for n in shape)
        faults.append(
            Fault(code="NOT_3D", expected="one three-dimensional volume", found=found, where=path.name)
        )
    if faults:
        raise InputError(*faults)
    grid = _grid(header, shape, path.name)
    array = _voxels(image, path.name).reshape(shape, order="F").transpose()
    slope, intercept = header.get_slope_inter()
    scaled = slope not in (None, 1.0) or intercept not in (None, 0.0)
    return Raster(array=np.ascontiguousarray(array), grid=grid, scaled=scaled, notices=tuple(notices))


def _opened(path: Path) -> Any:
    try:
        image = nibabel.load(path)
        if not isinstance(image, nibabel.Nifti1Pair):
            raise TypeError(type(image).__name__)
    except FileNotFoundError:
        found = "no such file"
    except PermissionError:
        found = "no permission to read it"
    except (
        nibabel.filebasedimages.ImageFileError,
        OSError,
        EOFError,
        ValueError,
        TypeError,
        zlib.error,
    ) as error:
        found = f"an unreadable one ({type(error).__name__})"
    except nibabel.spatialimages.HeaderDataError as error:
        found = f"a damaged header ({error})"
    else:
        return image
    raise InputError(Fault(code="UNREADABLE", expected="a NIfTI file", found=found, where=path.name))


def _voxels(image: Any, where: str) -> npt.NDArray[Any]:
    # nibabel clears vox_offset in the header that it hands out; its array keeps it.
    offset = int(image.dataobj.offset)
    least = int(image.header["sizeof_hdr"]) + 4 if isinstance(image, nibabel.Nifti1Image) else 0
    if offset < least:
        found = f"vox_offset {offset}, inside the header"
        raise InputError(
            Fault(code="BAD_VOX_OFFSET", expected=f"voxels from byte {least} on", found=found, where=where)
        )
    try:
        return np.asanyarray(image.dataobj)
    except (OSError, EOFError, ValueError, zlib.error, MemoryError):
        raise InputError(
            Fault(
                code="TRUNCATED_FILE",
                expected="as many voxels as the header says",
                found="a file that ends before them or is damaged",
                where=where,
                remedy="Copy or export the file again",
            )
        ) from None


def _affine_faults(header: Any, where: str, *, assume_affine: bool) -> tuple[list[Fault], list[Notice]]:
    faults: list[Fault] = []
    notices: list[Notice] = []
    sform, qform = int(header["sform_code"]), int(header["qform_code"])
    if sform == 0 and qform == 0 and not assume_affine:
        faults.append(
            Fault(
                code="AFFINE_UNKNOWN",
                expected="a file that says where its voxels lie (sform_code or qform_code above 0)",
                found="both codes 0",
                where=where,
                remedy="Pass --assume-affine to take the stored axes as they are",
            )
        )
    steps = np.asarray(header["pixdim"][1:4], dtype=float)
    if sform == 0 and not (np.isfinite(steps).all() and (steps > 0).all()):
        faults.append(
            Fault(
                code="BAD_PIXDIM",
                expected="positive voxel sizes",
                found=f"pixdim {steps.tolist()}",
                where=where,
            )
        )
    elif sform > 0 and qform > 0 and (steps > 0).all():
        faults += _conflict(header, where, notices)
    unit = header.get_xyzt_units()[0]
    if unit in ("meter", "micron"):
        notices.append(
            Notice(code="UNITS_CONVERTED", message=f"Voxel sizes in {unit} converted to mm", where=where)
        )
    return faults, notices


def _conflict(header: Any, where: str, notices: list[Notice]) -> list[Fault]:
    sform, qform = header.get_sform(), header.get_qform()
    if np.linalg.det(sform[:3, :3]) * np.linalg.det(qform[:3, :3]) < 0:
        return [
            Fault(
                code="AFFINE_CONFLICT",
                expected="an sform and a qform that agree",
                found="one mirrored against the other: left and right are not certain",
                where=where,
                remedy="Write the file again with one affine",
            )
        ]
    if np.abs(sform - qform).max() > _SAME_AFFINE_MM:
        notices.append(
            Notice(
                code="AFFINE_DIFFERS", message="The sform and qform differ; the sform was used", where=where
            )
        )
    return []


def _grid(header: Any, shape: tuple[int, ...], where: str) -> Grid:
    try:
        scale = _UNIT_MM[header.get_xyzt_units()[0]]
        # get_best_affine would make up a centered affine where both codes are 0: the qform is stored.
        affine = header.get_sform() if int(header["sform_code"]) > 0 else header.get_qform()
        affine = np.diag([scale, scale, scale, 1.0]) @ affine
        return Grid.from_affine_ras(affine, shape[::-1])
    except InputError as error:
        raise InputError(
            *(Fault(code=f.code, expected=f.expected, found=f.found, where=where) for f in error.faults)
        ) from None
    except (KeyError, ValueError, np.linalg.LinAlgError, nibabel.spatialimages.HeaderDataError):
        raise InputError(
            Fault(code="BAD_GRID", expected="a regular affine", found="a damaged one", where=where)
        ) from None
