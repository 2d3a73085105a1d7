"""NRRD files: voxels and geometry, with the world of their ``space`` field.

pynrrd knows the header's fields; voxels are read here, because it takes sizes and streams on trust.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import nrrd
import numpy as np

from netlm_imaging.errors import Fault, InputError
from netlm_imaging.geometry import Grid
from netlm_imaging.ingest.raster import (
    Geometry,
    Packing,
    Raster,
    open_regular,
    read_voxels,
    size_faults,
)

LARGEST_HEADER = 2**20
"""Bytes."""
_TO_LPS = {
    "left-posterior-superior": (1.0, 1.0, 1.0),
    "lps": (1.0, 1.0, 1.0),
    "right-anterior-superior": (-1.0, -1.0, 1.0),
    "ras": (-1.0, -1.0, 1.0),
    "left-anterior-superior": (1.0, -1.0, 1.0),
    "las": (1.0, -1.0, 1.0),
}
_SPATIAL = frozenset({"domain", "space", "none", "???"})
"""Kinds of axes that can lie in space (NRRD 5, section "kinds")."""
_UNIT_MM = {"mm": 1.0, "millimeter": 1.0, "cm": 10.0, "m": 1000.0, "um": 0.001}
_TYPES = {
    "i1": "signed char, int8, int8_t",
    "u1": "uchar, unsigned char, uint8, uint8_t",
    "i2": "short, short int, signed short, signed short int, int16, int16_t",
    "u2": "ushort, unsigned short, unsigned short int, uint16, uint16_t",
    "i4": "int, signed int, int32, int32_t",
    "u4": "uint, unsigned int, uint32, uint32_t",
    "i8": "longlong, long long, long long int, signed long long, signed long long int, int64, int64_t",
    "u8": "ulonglong, unsigned long long, unsigned long long int, uint64, uint64_t",
    "f4": "float",
    "f8": "double",
}
"""NumPy code to the names of the format (NRRD 5, section "type")."""
_TYPE_OF = {name: code for code, names in _TYPES.items() for name in names.split(", ")}
_PACKING: dict[str, Packing] = {
    "raw": "none", "gzip": "gzip", "gz": "gzip", "bzip2": "bzip2", "bz2": "bzip2",
}  # fmt: skip


def is_nrrd(path: Path) -> bool:
    """By the name alone; what macOS leaves beside a file (``._name``) is none."""
    return path.name.lower().endswith((".nrrd", ".nhdr")) and not path.name.startswith("._")


def read_geometry(path: Path) -> Geometry:
    """The grid of a NRRD file and all that is wrong with its header; voxels are not read.

    Faults: UNREADABLE, NOT_3D, TOO_LARGE, AFFINE_UNKNOWN, BAD_UNITS, BAD_VALUES, BAD_GRID,
    NRRD_ENCODING, NRRD_ENDIAN, NRRD_DETACHED, TRUNCATED_FILE.
    """
    try:
        header, starts = _header(path)
        faults = [*_header_faults(header), *_data_faults(header, path, starts)]
        if faults:
            raise InputError(*(replace(fault, where=path.name) for fault in faults))
        grid = _grid(header, path.name)
    except InputError as error:
        return Geometry(grid=None, faults=error.faults)
    return Geometry(grid=grid, header=(header, starts))


def read_nrrd(path: Path) -> Raster:
    """A three-dimensional NRRD file. Raises InputError: the faults of read_geometry."""
    found = read_geometry(path)
    if found.grid is None:
        raise InputError(*found.faults)
    header, starts = found.header
    array = read_voxels(
        path,
        _kind(header),
        found.grid.shape_kji,
        packing=_PACKING[_encoding(header)],
        starts=starts,
    )
    return Raster(array=array, grid=found.grid)


def _header(path: Path) -> tuple[dict[str, Any], int]:
    """The fields, and where the voxels begin."""
    try:
        with open_regular(path) as stream:
            start = stream.read(LARGEST_HEADER)
        ends = [at + len(gap) for gap in (b"\n\n", b"\r\n\r\n") if (at := start.find(gap)) >= 0]
        if start.startswith(b"NRRD") and not ends and path.suffix.lower() == ".nhdr":
            ends = [len(start)]
        if start.startswith(b"NRRD") and ends:
            lines = start[: min(ends)].decode("latin-1").split("\n")
            return dict(nrrd.read_header(lines)), min(ends)
        found = "another kind of file"
    except FileNotFoundError:
        found = "no such file"
    except PermissionError:
        found = "no permission to read it"
    except Exception:  # pynrrd raises many kinds for damaged headers
        found = "a damaged one"
    raise InputError(Fault(code="UNREADABLE", expected="a NRRD file", found=found, where=path.name))


def _header_faults(header: dict[str, Any]) -> list[Fault]:
    faults = []

    def fault(code: str, expected: str, found: str, remedy: str = "") -> None:
        faults.append(Fault(code=code, expected=expected, found=found, remedy=remedy))

    sizes = [int(n) for n in header.get("sizes", [])]
    if len(sizes) != 3 or min(sizes) < 1:
        fault("NOT_3D", "one three-dimensional volume", " x ".join(map(str, sizes))[:60] or "no sizes")
    if not {str(kind).lower() for kind in header.get("kinds") or ()} <= _SPATIAL:
        fault("NOT_3D", "three axes in space", "an axis of another kind, such as color or time")
    if str(header.get("space", "")).lower() not in _TO_LPS:
        found = "another one" if "space" in header else "no space field"
        fault("AFFINE_UNKNOWN", "a space of left-posterior-superior or right-anterior-superior", found)
    if header.get("space directions") is None or header.get("space origin") is None:
        fault("AFFINE_UNKNOWN", "space directions and space origin", "none")
    units = _units(header)
    if len(units) > 1 or not units <= set(_UNIT_MM):
        fault("BAD_UNITS", "one known unit of length for all axes", "others")
    return faults


def _data_faults(header: dict[str, Any], path: Path, starts: int) -> list[Fault]:
    """Whether voxels of a known kind are inside the file, and can be as many as the header says."""
    if path.suffix.lower() == ".nhdr" or "data file" in header or "datafile" in header:
        expected, found = "voxels inside the file", "a header alone"
        remedy = "Save it as one .nrrd file"
        return [Fault(code="NRRD_DETACHED", expected=expected, found=found, remedy=remedy)]
    kind, encoding = _TYPE_OF.get(str(header.get("type", "")).lower()), _encoding(header)
    if kind is None:
        return [Fault(code="BAD_VALUES", expected="integers or floats", found="another type")]
    skips = [header.get(key, 0) for key in ("line skip", "lineskip", "byte skip", "byteskip")]
    if encoding not in _PACKING or any(skips):
        expected = "voxels that are raw, gzip or bzip2, right after the header"
        return [Fault(code="NRRD_ENCODING", expected=expected, found="others", remedy="Save the file again")]
    order = str(header.get("endian", "")).lower()
    if order not in ("little", "big") and np.dtype(kind).itemsize > 1:
        found = "another" if order else "none"
        return [Fault(code="NRRD_ENDIAN", expected="a byte order (endian: little or big)", found=found)]
    voxels = float(np.prod([float(n) for n in header.get("sizes", [])]))
    available = path.stat().st_size - starts
    return size_faults(voxels, np.dtype(kind).itemsize, available, _PACKING[encoding])


def _encoding(header: dict[str, Any]) -> str:
    return str(header.get("encoding", "")).lower()


def _kind(header: dict[str, Any]) -> np.dtype[Any]:
    order = ">" if str(header.get("endian", "little")).lower() == "big" else "<"
    return np.dtype(order + _TYPE_OF[str(header["type"]).lower()])


def _units(header: dict[str, Any]) -> set[str]:
    return {str(unit).lower().strip('"') for unit in header.get("space units", [])}


def _grid(header: dict[str, Any], where: str) -> Grid:
    unit = next(iter(_units(header)), "mm")
    signs = np.array(_TO_LPS[str(header["space"]).lower()]) * _UNIT_MM[unit]
    affine = np.eye(4)
    try:
        affine[:3, :3] = (np.asarray(header["space directions"], dtype=float) * signs).T
        affine[:3, 3] = np.asarray(header["space origin"], dtype=float) * signs
        return Grid.from_affine_lps(affine, [int(n) for n in header["sizes"]][::-1])
    except InputError as error:
        raise InputError(*(replace(fault, where=where) for fault in error.faults)) from None
    except (ValueError, TypeError):
        raise InputError(
            Fault(code="BAD_GRID", expected="three space directions", found="damaged ones", where=where)
        ) from None
