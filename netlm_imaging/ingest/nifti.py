"""NIfTI-1 and -2 files: voxels, affine to LPS, and everything that makes an affine doubtful.

nibabel knows the header's fields; the file is read here, because nibabel's own reader repairs wrong
headers in silence.
"""

from __future__ import annotations

import zlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import numpy.typing as npt
from nibabel.spatialimages import HeaderDataError

from netlm_imaging.anatomy import SEGMENT_METHODS
from netlm_imaging.errors import Fault, InputError, Notice
from netlm_imaging.geometry import Grid
from netlm_imaging.ingest.raster import (
    Geometry,
    Packing,
    Raster,
    open_regular,
    read_voxels,
    size_faults,
    unpacked,
)

SUFFIXES = (".nii", ".nii.gz")
LARGEST_OFFSET = 64 * 2**20
"""Bytes of header and extensions before the voxels; what is larger is damage, and slow to inflate."""
MOST_DIMENSIONS = 7
_UNIT_MM = {"mm": 1.0, "meter": 1000.0, "micron": 0.001, "unknown": 1.0}
_SAME_AFFINE_MM = 0.1
_LEAST_COSINE = float(np.cos(np.radians(45.0)))
"""Between the same axis of sform and qform: beyond 45 degrees it is another axis, or the other way round."""
_HEADERS: dict[int, Any] = {348: nibabel.Nifti1Header, 540: nibabel.Nifti2Header}
_MAGIC = (b"n+1", b"n+2\0\r\n\x1a\n")


def is_nifti(path: Path) -> bool:
    """By the name alone; what macOS leaves beside a file (``._name``) is none."""
    return path.name.lower().endswith(SUFFIXES) and not path.name.startswith("._")


def read_geometry(path: Path, *, assume_affine: bool = False) -> Geometry:
    """The grid of a NIfTI file and all that is wrong with its header; voxels are not read.

    The sform counts, else the qform; ``assume_affine`` accepts a file that declares neither.
    Faults: UNREADABLE, BAD_VOX_OFFSET, BAD_VALUES, NOT_3D, AFFINE_UNKNOWN, AFFINE_CONFLICT,
    BAD_PIXDIM, BAD_GRID, TOO_LARGE, TRUNCATED_FILE.
    """
    try:
        header = _header(path)
        shape, faults = _shape(header)
        affine_faults, notices = _affine_faults(header, assume_affine=assume_affine)
        faults += [*affine_faults, *(_data_faults(header) or _size_faults(header, path))]
        if faults:
            raise InputError(*(replace(fault, where=path.name) for fault in faults))
        grid = _grid(header, shape, path.name)
    except InputError as error:
        return Geometry(grid=None, faults=error.faults)
    named = tuple(replace(notice, where=path.name) for notice in notices)
    return Geometry(grid=grid, notices=named, header=header)


def read_nifti(path: Path, *, assume_affine: bool = False) -> Raster:
    """A three-dimensional NIfTI file. Raises InputError: the faults of read_geometry."""
    found = read_geometry(path, assume_affine=assume_affine)
    if found.grid is None:
        raise InputError(*found.faults)
    kind, skip = found.header.get_data_dtype(), int(found.header["vox_offset"])
    array = read_voxels(path, kind, found.grid.shape_kji, packing=_packing(path), skip=skip)
    slope, intercept = found.header.get_slope_inter()
    scaled = slope not in (None, 1.0) or intercept not in (None, 0.0)
    if scaled:
        array = array * (1.0 if slope is None else slope) + (intercept or 0.0)
    said = found.header["descrip"].item().decode("ascii", errors="replace")
    method = said if said in SEGMENT_METHODS else ""  # other words may name the patient
    return Raster(array=array, grid=found.grid, scaled=scaled, notices=found.notices, method=method)


def _packing(path: Path) -> Packing:
    with open_regular(path) as stream:
        return "gzip" if stream.read(2) == b"\x1f\x8b" else "none"


def _header(path: Path) -> Any:
    try:
        packing = _packing(path)
        with open_regular(path) as stream:
            block = unpacked(stream, packing).read(540)
        for order in ("<", ">"):
            size = int(np.frombuffer(block[:4], dtype=f"{order}i4")[0])
            if size in _HEADERS and len(block) >= size:
                header = _HEADERS[size](block[:size], endianness=order, check=False)
                if header["magic"].item() in _MAGIC:
                    return header
        found = "another kind of file"
    except FileNotFoundError:
        found = "no such file"
    except PermissionError:
        found = "no permission to read it"
    except (OSError, EOFError, zlib.error, IndexError, ValueError):
        found = "a damaged one"
    raise InputError(Fault(code="UNREADABLE", expected="a NIfTI file", found=found, where=path.name))


def _shape(header: Any) -> tuple[tuple[int, ...], list[Fault]]:
    count = int(header["dim"][0])
    shape = tuple(int(n) for n in header["dim"][1 : count + 1])
    while len(shape) > 3 and shape[-1] == 1:
        shape = shape[:-1]
    if len(shape) == 3 and min(shape) > 0 and 3 <= count <= MOST_DIMENSIONS:
        return shape, []
    found = (
        f"{count} dimensions"
        if not 0 <= count <= MOST_DIMENSIONS
        else " x ".join(str(n) for n in shape) or "no dimensions"
    )
    return shape, [Fault(code="NOT_3D", expected="one three-dimensional volume", found=found)]


def _data_faults(header: Any) -> list[Fault]:
    faults = []
    least = int(header["sizeof_hdr"]) + 4
    offset = float(header["vox_offset"])
    if not least <= offset <= LARGEST_OFFSET:
        expected, found = f"voxels from byte {least} on, after few extensions", f"vox_offset {offset:g}"
        faults.append(Fault(code="BAD_VOX_OFFSET", expected=expected, found=found))
    try:
        plain = header.get_data_dtype().kind in "iuf"
        header.get_slope_inter()
    except (HeaderDataError, KeyError):
        plain = False
    if not plain:
        found = f"datatype {int(header['datatype'])}, slope {float(header['scl_slope']):g}"
        faults.append(Fault(code="BAD_VALUES", expected="integers or floats", found=found))
    return faults


def _size_faults(header: Any, path: Path) -> list[Fault]:
    shape, _ = _shape(header)
    packing, available = _packing(path), path.stat().st_size
    if packing == "none":
        available -= int(header["vox_offset"])
    itemsize = header.get_data_dtype().itemsize
    return size_faults(float(np.prod(shape, dtype=float)), itemsize, available, packing)


def _affine_faults(header: Any, *, assume_affine: bool) -> tuple[list[Fault], list[Notice]]:
    faults: list[Fault] = []
    notices: list[Notice] = []
    sform, qform = int(header["sform_code"]), int(header["qform_code"])
    steps = np.asarray(header["pixdim"][1:4], dtype=float)
    positive = bool(np.isfinite(steps).all() and (steps > 0).all())
    if sform <= 0 and qform <= 0 and not assume_affine:
        faults.append(
            Fault(
                code="AFFINE_UNKNOWN",
                expected="a file that says where its voxels lie (sform_code or qform_code above 0)",
                found="both codes 0",
                remedy="Pass --assume-affine to take the stored axes as they are",
            )
        )
    if sform <= 0 and not positive:
        found = f"pixdim {steps.tolist()}"
        faults.append(Fault(code="BAD_PIXDIM", expected="positive voxel sizes", found=found))
    elif sform > 0 and qform > 0 and positive:
        conflict, differs = _compared(header)
        faults += conflict
        notices += differs
    unit = _unit(header)
    if unit in ("meter", "micron"):
        notices.append(Notice(code="UNITS_CONVERTED", message=f"Voxel sizes in {unit} converted to mm"))
    return faults, notices


def _compared(header: Any) -> tuple[list[Fault], list[Notice]]:
    """Whether sform and qform agree; a damaged qform beside an sform counts for nothing."""
    sform, qform = _affine(header, "sform"), _affine(header, "qform")
    if qform is None or sform is None:
        return [], []
    one, other = sform[:3, :3], qform[:3, :3]
    with np.errstate(all="ignore"):
        mirrored = np.linalg.det(one) * np.linalg.det(other) < 0
        cosines = (one * other).sum(axis=0) / np.linalg.norm(one, axis=0) / np.linalg.norm(other, axis=0)
        apart = float(np.abs(sform - qform).max()) * _UNIT_MM[_unit(header)]
    if mirrored or (cosines < _LEAST_COSINE).any():
        how = "mirrored" if mirrored else "turned"
        return [
            Fault(
                code="AFFINE_CONFLICT",
                expected="an sform and a qform that agree",
                found=f"one {how} against the other: left and right are not certain",
                remedy="Write the file again with one affine",
            )
        ], []
    if apart > _SAME_AFFINE_MM:
        return [], [Notice(code="AFFINE_DIFFERS", message="The sform and qform differ; the sform was used")]
    return [], []


def _affine(header: Any, name: str) -> npt.NDArray[np.float64] | None:
    """The sform or qform as it is stored; None where its numbers are none."""
    try:
        with np.errstate(all="ignore"):
            found = np.asarray(
                header.get_sform() if name == "sform" else header.get_qform(), dtype=np.float64
            )
    except (HeaderDataError, ValueError):
        return None
    return found if np.isfinite(found).all() else None


def _unit(header: Any) -> str:
    try:
        return str(header.get_xyzt_units()[0])
    except KeyError:
        return "unknown"


def _grid(header: Any, shape: tuple[int, ...], where: str) -> Grid:
    scale = _UNIT_MM[_unit(header)]
    affine = _affine(header, "sform" if int(header["sform_code"]) > 0 else "qform")
    if affine is None:
        raise InputError(
            Fault(code="BAD_GRID", expected="a regular affine", found="a damaged one", where=where)
        )
    try:
        return Grid.from_affine_ras(np.diag([scale, scale, scale, 1.0]) @ affine, shape[::-1])
    except InputError as error:
        raise InputError(*(replace(fault, where=where) for fault in error.faults)) from None
