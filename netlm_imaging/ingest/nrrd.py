"""NRRD files: voxels and geometry, with the world of their ``space`` field."""

from __future__ import annotations

import zlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import nrrd
import numpy as np

from netlm_imaging.errors import Fault, InputError
from netlm_imaging.geometry import Grid
from netlm_imaging.ingest.nifti import LARGEST_VOLUME, Raster

_TO_LPS = {
    "left-posterior-superior": (1.0, 1.0, 1.0),
    "lps": (1.0, 1.0, 1.0),
    "right-anterior-superior": (-1.0, -1.0, 1.0),
    "ras": (-1.0, -1.0, 1.0),
    "left-anterior-superior": (1.0, -1.0, 1.0),
    "las": (1.0, -1.0, 1.0),
}
_UNIT_MM = {"mm": 1.0, "millimeter": 1.0, "cm": 10.0, "m": 1000.0, "um": 0.001}


def is_nrrd(path: Path) -> bool:
    """By the name alone."""
    return path.name.lower().endswith((".nrrd", ".nhdr"))


def read_nrrd(path: Path) -> Raster:
    """A three-dimensional NRRD file with its voxels inside.

    Raises InputError: UNREADABLE, TRUNCATED_FILE, NOT_3D, AFFINE_UNKNOWN, BAD_GRID, NRRD_DETACHED.
    """
    header = _header(path)
    faults = _header_faults(header, path.name)
    if faults:
        raise InputError(*faults)
    grid = _grid(header, path.name)
    try:
        with path.open("rb") as stream:
            nrrd.read_header(stream)
            array = nrrd.read_data(header, stream, index_order="C")
    except (nrrd.NRRDError, OSError, EOFError, ValueError, KeyError, zlib.error):
        raise InputError(
            Fault(
                code="TRUNCATED_FILE",
                expected="as many voxels as the header says",
                found="a file that ends before them or is damaged",
                where=path.name,
                remedy="Copy or export the file again",
            )
        ) from None
    return Raster(array=np.ascontiguousarray(array), grid=grid)


def _header(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as stream:
            return dict(nrrd.read_header(stream))
    except FileNotFoundError:
        found = "no such file"
    except PermissionError:
        found = "no permission to read it"
    except (nrrd.NRRDError, OSError, ValueError, KeyError, IndexError, StopIteration):
        found = "a damaged one, or another kind of file"
    raise InputError(Fault(code="UNREADABLE", expected="a NRRD file", found=found, where=path.name))


def _header_faults(header: dict[str, Any], where: str) -> list[Fault]:
    faults = []

    def fault(code: str, expected: str, found: str, remedy: str = "") -> None:
        faults.append(Fault(code=code, expected=expected, found=found, where=where, remedy=remedy))

    sizes = [int(n) for n in header.get("sizes", [])]
    if len(sizes) != 3 or min(sizes) < 1 or np.prod(sizes, dtype=float) > LARGEST_VOLUME:
        fault("NOT_3D", "one three-dimensional volume", " x ".join(str(n) for n in sizes) or "no sizes")
    if str(header.get("space", "")).lower() not in _TO_LPS:
        found = str(header.get("space", "no space field"))[:40]
        fault("AFFINE_UNKNOWN", "a space of left-posterior-superior or right-anterior-superior", found)
    if header.get("space directions") is None or header.get("space origin") is None:
        fault("AFFINE_UNKNOWN", "space directions and space origin", "none")
    units = {str(u).lower().strip('"') for u in header.get("space units", [])}
    if len(units) > 1 or not units <= set(_UNIT_MM):
        fault("BAD_UNITS", "one unit of length for all axes", ", ".join(sorted(units))[:40])
    if "data file" in header or "datafile" in header:
        fault("NRRD_DETACHED", "voxels inside the file", "a header alone", "Save it as one .nrrd file")
    return faults


def _grid(header: dict[str, Any], where: str) -> Grid:
    units = [str(u).lower().strip('"') for u in header.get("space units", ["mm"])]
    signs = np.array(_TO_LPS[str(header["space"]).lower()]) * _UNIT_MM[units[0]]
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
