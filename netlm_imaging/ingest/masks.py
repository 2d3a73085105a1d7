"""A mask as a user names it: NIfTI, NRRD, DICOM SEG (``file.dcm#Segment``), or a folder of one series."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from netlm_imaging.case import InputRecord
from netlm_imaging.errors import Fault, InputError, Notice
from netlm_imaging.geometry import Grid
from netlm_imaging.ingest.archive import is_zip
from netlm_imaging.ingest.nifti import is_nifti, read_nifti
from netlm_imaging.ingest.nrrd import is_nrrd, read_nrrd
from netlm_imaging.ingest.pixels import stored_values
from netlm_imaging.ingest.privacy import fingerprint, identifier
from netlm_imaging.ingest.raster import Raster
from netlm_imaging.ingest.scan import scan
from netlm_imaging.ingest.seg import read_seg
from netlm_imaging.volume import LabelMap

_BINARY_VALUES = (1, 255)
"""A file with one of these values alone is a mask; any other single value is a label."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MaskFile:
    """Labels of a mask file; ``binary`` when it holds one region without a label of its own (value 1)."""

    labels: LabelMap
    binary: bool
    record: InputRecord
    notices: tuple[Notice, ...] = ()


def read_mask(spec: str, *, assume_affine: bool = False, keep_identifiers: bool = False) -> MaskFile:
    """The mask named by ``spec``, on its own grid; ``assume_affine`` as in read_nifti.

    ``keep_identifiers`` names a DICOM series by its UID instead of a hash.

    Raises InputError: UNREADABLE, what the formats raise, and for values that are no labels
    NOT_FINITE, FRACTIONS, NEGATIVE_LABELS, MASK_SCALED, NOT_3D.
    """
    path, segment = _parsed(spec)
    if path.is_dir():
        return _from_folder(path, keep_identifiers=keep_identifiers)
    if is_nifti(path):
        return _from_raster(read_nifti(path, assume_affine=assume_affine), path.name, kind="NIfTI")
    if is_nrrd(path):
        return _from_raster(read_nrrd(path), path.name, kind="NRRD")
    return _from_dicom(path, segment, keep_identifiers=keep_identifiers)


def _parsed(spec: str) -> tuple[Path, str | None]:
    path = Path(spec)
    segment = None
    if not path.exists() and "#" in spec:
        name, _, segment = spec.rpartition("#")
        path = Path(name)
    if path.is_file() and is_zip(path):
        expected, found = "a mask: NIfTI, NRRD, DICOM SEG or a folder", "a zip archive"
        remedy = "Unpack it and name the file in it"
        raise InputError(
            Fault(code="MASK_IN_ZIP", expected=expected, found=found, where=path.name, remedy=remedy)
        )
    if path.is_file() or path.is_dir():
        return path, segment
    raise InputError(
        Fault(
            code="NOT_FOUND",
            expected="a mask: NIfTI, NRRD, DICOM SEG or a folder of one DICOM series",
            found="a pipe, socket or device" if path.exists() else "nothing at this path",
            where=path.name,
        )
    )


def _from_raster(raster: Raster, where: str, *, kind: str) -> MaskFile:
    array = label_array(raster.array, where=where, scaled=raster.scaled)
    return _mask_file(array, raster.grid, where, raster.notices, kind=kind)


def _from_dicom(path: Path, segment: str | None, *, keep_identifiers: bool) -> MaskFile:
    segments = read_seg(path, segment=segment)
    array = segments.array
    if len(segments.names) == 1:
        array = (array > 0).astype(np.uint8)
    uid = identifier(segments.series_uid, keep=keep_identifiers)
    found = _mask_file(array, segments.grid, path.name, segments.notices, kind="SEG", uid=uid)
    # Several segments are labels even when only number 1 of them has voxels.
    return (
        found
        if len(segments.names) == 1
        else MaskFile(labels=found.labels, binary=False, record=found.record, notices=found.notices)
    )


def _from_folder(path: Path, *, keep_identifiers: bool) -> MaskFile:
    """A folder as 3D-IRCADb ships masks: one image series, whose nonzero stored values are inside."""
    study = scan(path)
    images = [s for s in study.series if s.stack is not None]
    if len(images) != 1:
        found = f"{len(images)} image series"
        raise InputError(
            Fault(
                code="NOT_ONE_SERIES",
                expected="a folder of one DICOM image series",
                found=found,
                where=path.name,
            )
        )
    series = images[0]
    faults = [f for f in series.faults if f.code != "NO_RESCALE"]
    if faults or series.stack is None or series.stack.grid is None:
        raise InputError(*faults)
    array = np.empty(series.stack.grid.shape_kji, dtype=np.uint8)
    for k, header in enumerate(series.headers):
        array[k] = stored_values(header) != 0
    return _mask_file(
        array,
        series.stack.grid,
        path.name,
        (*study.notices, *series.notices),
        kind=series.modality,
        uid=identifier(series.headers[0].series_uid, keep=keep_identifiers),
        instances=series.instances,
    )


def label_array(array: npt.NDArray[Any], *, where: str, scaled: bool = False) -> npt.NDArray[Any]:
    """``array`` as labels in the smallest type that holds them; refused when it holds anything else."""
    faults = []

    def fault(code: str, expected: str, found: str) -> None:
        faults.append(Fault(code=code, expected=expected, found=found, where=where))

    if scaled:
        fault("MASK_SCALED", "labels as they are stored", "a slope or intercept")
    if array.dtype.kind not in "biuf":
        fault("BAD_VALUES", "whole numbers", str(array.dtype))
    elif array.dtype.kind == "f" and not np.isfinite(array).all():
        fault(
            "NOT_FINITE",
            "whole numbers from 0 up",
            f"{int((~np.isfinite(array)).sum())} voxels of NaN or infinity",
        )
    elif array.dtype.kind == "f" and (broken := array[array != np.rint(array)]).size:
        fault("FRACTIONS", "whole numbers from 0 up", f"{broken.size} fractions: {_listed(broken)}")
    if not faults and array.dtype.kind in "if" and array.min() < 0:
        fault("NEGATIVE_LABELS", "labels from 0 up", f"negative ones: {_listed(array[array < 0])}")
    if not faults and array.max() > np.iinfo(np.int32).max:
        fault("BAD_VALUES", "labels that are small whole numbers", f"{array.max():g}")
    if faults:
        raise InputError(*faults)
    highest = int(array.max())
    kind = np.uint8 if highest < 2**8 else np.uint16 if highest < 2**16 else np.int32
    return array.astype(kind)


def _listed(values: npt.NDArray[Any]) -> str:
    found = np.unique(values)
    shown = ", ".join(f"{value:g}" for value in found[:5])
    return f"{shown} and {found.size - 5} more" if found.size > 5 else shown


def _mask_file(
    array: npt.NDArray[Any],
    grid: Grid,
    where: str,
    notices: Sequence[Notice],
    *,
    kind: str,
    uid: str | None = None,
    instances: int = 1,
) -> MaskFile:
    labels = LabelMap(array, grid)
    values = labels.labels
    binary = not values or values in [(value,) for value in _BINARY_VALUES]
    if values == (255,):
        labels = LabelMap((array > 0).astype(np.uint8), grid)
    record = InputRecord(
        role="mask",
        modality=kind,
        series_uid=uid,
        instances=instances,
        sha256=fingerprint(labels),
        shape_kji=grid.shape_kji,
        spacing_mm=grid.spacing_mm,
        description=f"{kind} mask, {'binary' if binary else f'{len(values)} labels'}",
    )
    return MaskFile(labels=labels, binary=binary, record=record, notices=tuple(notices))
