"""Volumes, masks and label maps as NIfTI-1, geometry exact, the same bytes for the same content."""

from __future__ import annotations

import gzip
import io
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import numpy.typing as npt

from netlm_imaging.errors import Fault, UsageError
from netlm_imaging.export.files import write_file
from netlm_imaging.volume import LabelMap, Mask, Volume

_SCANNER = 1
"""NIFTI_XFORM_SCANNER_ANAT: the affine leads to the scanner's patient coordinates."""
_GZIP_LEVEL = 6


def write_nifti(image: Volume | Mask | LabelMap, path: Path, *, method: str = "") -> Path:
    """Write ``image`` to ``path`` (.nii.gz or .nii), whole or not at all; returns the path.

    Both sform and qform carry the grid's affine in RAS mm with code 1; voxels keep their type
    (a mask becomes uint8, half floats become single). ``method``: how it was made, up to 79 characters of the
    header. Raises UsageError: BAD_FILE_NAME for another
    suffix, DISK_FULL, NO_PERMISSION or WRITE_FAILED.
    """
    name = path.name.lower()
    if not name.endswith((".nii", ".nii.gz")):
        raise UsageError(
            Fault(code="BAD_FILE_NAME", expected="a name that ends in .nii.gz or .nii", found=path.name)
        )
    content = nifti_bytes(image, method=method)
    write_file(path, _gzipped(content) if name.endswith(".gz") else content)
    return path


def nifti_bytes(image: Volume | Mask | LabelMap, *, method: str = "") -> bytes:
    """The uncompressed NIfTI-1 file: header, then voxels with i running fastest."""
    voxels = _storable(image.array)
    affine = image.grid.affine_ras
    # C order [k, j, i] is byte for byte NIfTI's Fortran order (i, j, k): the transpose copies nothing.
    # The type is named because nibabel refuses 64-bit integers that are not asked for.
    file: Any = nib.Nifti1Image(voxels.T, affine, dtype=voxels.dtype)  # type: ignore[no-untyped-call]
    file.set_sform(affine, code=_SCANNER)
    file.set_qform(affine, code=_SCANNER)
    file.header.set_xyzt_units("mm")
    file.header["descrip"] = method.encode("ascii")
    return bytes(file.to_bytes())


def _storable(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    if array.dtype == np.bool_:
        return array.view(np.uint8)
    if array.dtype == np.float16:
        return array.astype(np.float32)
    return array.astype(array.dtype.newbyteorder("<"), copy=False)


def _gzipped(content: bytes) -> bytes:
    buffer = io.BytesIO()
    # No file name and no time in the header: equal content gives equal bytes.
    with gzip.GzipFile(filename="", mode="wb", compresslevel=_GZIP_LEVEL, fileobj=buffer, mtime=0) as packed:
        packed.write(content)
    return buffer.getvalue()
