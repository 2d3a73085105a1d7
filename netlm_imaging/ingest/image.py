"""A series to an Image: CT in HU, MR as rescaled, PET as SUVbw, NIfTI and NRRD as they say."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from netlm_imaging.case import InputRecord, SuvRecord
from netlm_imaging.errors import Fault, InputError, Notice, SuvUnavailable
from netlm_imaging.geometry import Grid
from netlm_imaging.ingest.nifti import read_nifti
from netlm_imaging.ingest.nrrd import is_nrrd, read_nrrd
from netlm_imaging.ingest.pet_facts import pet_facts
from netlm_imaging.ingest.pixels import Rescale, rescaled_stack
from netlm_imaging.ingest.privacy import fingerprint, identifier
from netlm_imaging.ingest.raster import Raster
from netlm_imaging.ingest.resample import resample_stack
from netlm_imaging.ingest.study import Series
from netlm_imaging.ingest.suv import SuvFactors, suv_factors
from netlm_imaging.ingest.unchanged import changed, require_unchanged
from netlm_imaging.volume import Volume

_RESAMPLED = frozenset({"UNEVEN_SPACING", "TILT"})
"""Faults that true positions can repair."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """A volume, where it came from, and what its reader must know."""

    volume: Volume
    record: InputRecord
    notices: tuple[Notice, ...] = ()


def read_image(
    series: Series, *, resample_uneven: bool = False, raw: bool = False, keep_identifiers: bool = False
) -> Image:
    """The volume of a series: HU, rescaled MR values, or SUVbw in g/mL.

    ``raw`` gives PET as its rescaled values (Bq/mL or stored units). ``resample_uneven`` resamples
    tilted or uneven stacks by their true positions. NIfTI and NRRD have no unit: their values come as
    they are.
    ``keep_identifiers`` names the series by its UID instead of a hash.
    Raises InputError with all faults of the series, or FILE_CHANGED; SuvUnavailable for PET that allows
    no SUV.
    """
    repaired = [f for f in series.faults if resample_uneven and f.code in _RESAMPLED]
    faults = [f for f in series.faults if f not in repaired]
    if faults:
        raise InputError(*faults)
    if series.file is not None:
        return _raster(series, series.file)
    if series.stack is None:
        raise InputError(_no_volume(series))
    require_unchanged(series.headers)
    suv = _suv(series) if series.modality == "PT" and not raw else None
    array, grid, notices = _voxels(series, suv, repair=bool(repaired))
    volume = Volume(array, grid)
    found = suv.notices if suv else ()
    return Image(
        volume=volume,
        record=_record(series, volume, suv.record if suv else None, keep_identifiers=keep_identifiers),
        notices=(*series.notices, *(replace(n, where=series.where) for n in (*found, *notices))),
    )


def read_nifti_image(path: Path, *, assume_affine: bool = False) -> Image:
    """Intensities of a NIfTI file, scaled as it says. Raises what read_nifti raises."""
    return _raster_image(read_nifti(Path(path), assume_affine=assume_affine), kind="NIfTI")


def _raster_image(raster: Raster, *, kind: str) -> Image:
    array = raster.array.astype(np.float32) if raster.array.dtype.kind == "f" else raster.array
    volume = Volume(array, raster.grid)
    record = InputRecord(
        role="image",
        modality=kind,
        series_uid=None,
        instances=1,
        sha256=fingerprint(volume),
        shape_kji=volume.grid.shape_kji,
        spacing_mm=volume.grid.spacing_mm,
        description=f"{kind} image",
    )
    return Image(volume=volume, record=record, notices=raster.notices)


def _raster(series: Series, file: Path) -> Image:
    try:
        # A doubtful affine is a fault of the series, or was accepted when the folder was scanned.
        raster = read_nrrd(file) if is_nrrd(file) else read_nifti(file, assume_affine=True)
    except InputError as error:
        raise InputError(*(replace(fault, where=series.where) for fault in error.faults)) from None
    if series.grid is not None and not raster.grid.same_as(series.grid):
        raise InputError(changed("another geometry", where=series.where))
    image = _raster_image(raster, kind=series.modality)
    return replace(image, record=replace(image.record, role=series.role), notices=series.notices)


def _suv(series: Series) -> SuvFactors:
    try:
        facts = pet_facts(series.headers, first_acquired=series.first_acquired, maps=series.maps)
        return suv_factors(facts)
    except SuvUnavailable as error:
        raise SuvUnavailable(*(replace(f, where=series.where) for f in error.faults)) from None


def _voxels(
    series: Series, suv: SuvFactors | None, *, repair: bool
) -> tuple[npt.NDArray[Any], Grid, list[Notice]]:
    factors = suv.factors if suv else (1.0,) * len(series.headers)
    rescales = [
        Rescale(slope=1.0 if h.slope is None else h.slope, intercept=h.intercept or 0.0, factor=factor)
        for h, factor in zip(series.headers, factors, strict=True)
    ]
    array = rescaled_stack(series.headers, rescales)
    if repair and series.stack is not None:
        array, grid = resample_stack(array.astype(np.float32), series.stack, series.headers[0])
        message = f"Resampled by true positions to a step of {grid.spacing_mm[2]:.3f} mm"
        return array, grid, [Notice(code="RESAMPLED_UNEVEN", message=message)]
    if series.grid is None:
        raise InputError(_no_volume(series))
    return array, series.grid, []


def _no_volume(series: Series) -> Fault:
    return Fault(code="NOT_A_VOLUME", expected="an image series", found=series.role, where=series.where)


def _record(series: Series, volume: Volume, suv: SuvRecord | None, *, keep_identifiers: bool) -> InputRecord:
    return InputRecord(
        role=series.role,
        modality=series.modality,
        series_uid=identifier(series.headers[0].series_uid, keep=keep_identifiers),
        instances=series.instances,
        sha256=fingerprint(volume),
        shape_kji=volume.grid.shape_kji,
        spacing_mm=volume.grid.spacing_mm,
        description=series.description,
        suv=suv,
    )
