"""A mask as a user names it: NIfTI, NRRD, SEG or RTSTRUCT (``file.dcm#Name``), or a folder of one series."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
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
from netlm_imaging.ingest.objects import open_object
from netlm_imaging.ingest.pixels import stored_values
from netlm_imaging.ingest.privacy import fingerprint, hashed, identifier
from netlm_imaging.ingest.raster import Raster
from netlm_imaging.ingest.rtstruct import read_rtstruct
from netlm_imaging.ingest.scan import scan
from netlm_imaging.ingest.seg import read_seg
from netlm_imaging.ingest.study import Series
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
    own_grid: bool = True
    """False where the grid was made for contours (RTSTRUCT): it may be brought onto any other."""
    frame_uid_hash: str = ""
    """Hash of its frame of reference; empty where the file names none."""


def read_mask(
    spec: str, *, grid: Grid | None = None, assume_affine: bool = False, keep_identifiers: bool = False
) -> MaskFile:
    """The mask named by ``spec``, on its own grid; ``assume_affine`` as in read_nifti.

    ``grid`` is that of the image which the mask is for: contours, which have no grid, are filled on its
    rows and columns, finer where their volume needs it; it tells the
    step of a SEG that names none. ``keep_identifiers`` names a DICOM series by
    its UID instead of a hash.

    Raises InputError: NOT_FOUND, UNREADABLE, what the formats raise, and for values that are no labels
    NOT_FINITE, FRACTIONS, NEGATIVE_LABELS, MASK_SCALED, NOT_3D.
    """
    path, part = _parsed(spec)
    if path.is_dir():
        return _from_folder(path, part, grid, keep_identifiers=keep_identifiers)
    if is_nifti(path):
        return _from_raster(read_nifti(path, assume_affine=assume_affine), path.name, kind="NIfTI")
    if is_nrrd(path):
        return _from_raster(read_nrrd(path), path.name, kind="NRRD")
    return _from_object(path, part, grid, keep_identifiers=keep_identifiers)


def _parsed(spec: str) -> tuple[Path, str | None]:
    """The path, and what stands behind its ``#``; names of files and of segments may hold one too."""
    path, part = Path(spec), None
    for at in (n for n, character in enumerate(spec) if character == "#"):
        if path.exists():
            break
        path, part = Path(spec[:at]), spec[at + 1 :]
    if path.is_file() and is_zip(path):
        expected, found = "a mask: NIfTI, NRRD, DICOM SEG, RTSTRUCT or a folder", "a zip archive"
        remedy = "Unpack it and name the file in it"
        raise InputError(
            Fault(code="MASK_IN_ZIP", expected=expected, found=found, where=path.name, remedy=remedy)
        )
    if path.is_file() or path.is_dir():
        return path, part
    raise InputError(
        Fault(
            code="NOT_FOUND",
            expected="a mask: NIfTI, NRRD, DICOM SEG, RTSTRUCT or a folder of one DICOM series",
            found="a pipe, socket or device" if path.exists() else "nothing at this path",
            where=path.name,
        )
    )


def _from_raster(raster: Raster, where: str, *, kind: str) -> MaskFile:
    array = label_array(raster.array, where=where, scaled=raster.scaled)
    return _mask_file(array, raster.grid, where, raster.notices, kind=kind, method=raster.method)


def _from_object(path: Path, part: str | None, grid: Grid | None, *, keep_identifiers: bool) -> MaskFile:
    where = path.name
    kind, dataset = open_object(path)
    try:
        found = (
            read_seg(dataset, path, segment=part, image=grid)
            if kind == "SEG"
            else read_rtstruct(dataset, roi=part, image=grid)
        )
    except InputError as error:
        raise InputError(*(replace(fault, where=where) for fault in error.faults)) from None
    single = found.parts == 1
    file = _mask_file(
        (found.array > 0).astype(np.uint8) if single else found.array,
        found.grid,
        where,
        [replace(notice, where=where) for notice in found.notices],
        kind=kind,
        uid=identifier(found.series_uid, keep=keep_identifiers),
        # Several segments are labels even when only number 1 of them has voxels.
        binary=single,
    )
    return replace(file, own_grid=found.own_grid, frame_uid_hash=hashed(found.frame))


def _from_folder(path: Path, part: str | None, grid: Grid | None, *, keep_identifiers: bool) -> MaskFile:
    """A folder of one SEG or RTSTRUCT, or as 3D-IRCADb ships masks: one image series."""
    study = scan(path)
    images = [s for s in study.series if s.stack is not None]
    objects = [s for s in study.series if s.role in ("seg", "rtstruct")]
    if len(objects) == 1 and not images:
        return _from_object(objects[0].headers[0].path, part, grid, keep_identifiers=keep_identifiers)
    if len(images) != 1:
        found = f"{len(images)} image series and {len(objects)} SEG or RTSTRUCT"
        raise InputError(
            Fault(
                code="NOT_ONE_SERIES",
                expected="a folder of one DICOM series",
                found=found,
                where=path.name,
            )
        )
    return _from_series(images[0], path.name, study.notices, keep_identifiers=keep_identifiers)


def _from_series(
    series: Series, where: str, notices: Sequence[Notice], *, keep_identifiers: bool
) -> MaskFile:
    """Nonzero stored values are inside."""
    faults = [f for f in series.faults if f.code != "NO_RESCALE"]
    if faults or series.stack is None or series.stack.grid is None:
        raise InputError(*faults)
    array = np.empty(series.stack.grid.shape_kji, dtype=np.uint8)
    for k, header in enumerate(series.headers):
        array[k] = stored_values(header) != 0
    file = _mask_file(
        array,
        series.stack.grid,
        where,
        (*notices, *series.notices),
        kind=series.modality,
        uid=identifier(series.headers[0].series_uid, keep=keep_identifiers),
        instances=series.instances,
    )
    return replace(file, frame_uid_hash=series.frame_uid_hash)


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
    binary: bool | None = None,
    method: str = "",
) -> MaskFile:
    """``binary`` where the format says it; else the values do."""
    labels = LabelMap(array, grid)
    values = labels.labels
    if binary is None:
        binary = not values or values in [(value,) for value in _BINARY_VALUES]
    if binary and values == (255,):
        labels = LabelMap((array > 0).astype(np.uint8), grid)
    record = InputRecord(
        role="mask",
        modality=kind,
        series_uid=uid,
        instances=instances,
        sha256=fingerprint(labels),
        shape_kji=grid.shape_kji,
        spacing_mm=grid.spacing_mm,
        description=f"{kind} mask, {'binary' if binary else f'{len(values)} labels'}"
        + (f", {method}" if method else ""),
    )
    return MaskFile(labels=labels, binary=binary, record=record, notices=tuple(notices))
