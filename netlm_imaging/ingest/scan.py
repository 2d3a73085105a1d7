"""A folder or zip of DICOM, NIfTI and NRRD, however nested and named, as series with all their faults."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from netlm_imaging.errors import Fault, InputError, Notice
from netlm_imaging.ingest.archive import unpack_archives
from netlm_imaging.ingest.exam import roles_in_exam
from netlm_imaging.ingest.files import input_files
from netlm_imaging.ingest.header import Header, read_headers
from netlm_imaging.ingest.patients import study_faults
from netlm_imaging.ingest.pet_links import linked
from netlm_imaging.ingest.preamble import NO_PREAMBLE, PACKED, UNREADABLE, not_dicom
from netlm_imaging.ingest.raster_series import is_raster, raster_series
from netlm_imaging.ingest.real_world import MODALITY, StudyMap, study_maps
from netlm_imaging.ingest.series import Draft, drafts_of, numbered
from netlm_imaging.ingest.study import Skipped, Study
from netlm_imaging.ingest.workspace import remove_abandoned

_OTHER_OBJECTS = frozenset(
    {"SR", "PR", "KO", "REG", "DOC", MODALITY, "PLAN", "RTPLAN", "RTDOSE", "AU", "ECG"}
)


@dataclass(slots=True)
class _Sorting:
    """Headers that are something, NIfTI and NRRD files, and the names of the rest by reason."""

    headers: list[Header] = field(default_factory=list)
    rasters: list[Path] = field(default_factory=list)
    maps: list[StudyMap] = field(default_factory=list)
    skipped: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))


def scan(path: Path, *, force: bool = False, assume_affine: bool = False) -> Study:
    """All series under ``path`` (a folder, a file, a zip), DICOM before NIfTI and NRRD; pixels are not read.

    Zip archives are unpacked into a temporary folder that lives as long as one of the series; those
    that killed processes left are removed.
    ``force`` reads files without the DICOM preamble too; ``assume_affine`` as in read_nifti. Raises
    InputError (NOT_FOUND, NO_PERMISSION, NO_IMAGES); what is wrong with a series is in its ``faults``.
    """
    remove_abandoned()
    found = input_files(Path(path))
    sorting = _Sorting(skipped=found.left_out)
    workspace, faults = unpack_archives(found, any_name=Path(path).is_file())
    for file, where in found.files:
        _sort_file(file, where, sorting, force=force)
    series = linked(roles_in_exam(numbered(_drafts(sorting))), sorting.headers, sorting.maps)
    if not series and not sorting.rasters:
        raise InputError(*(faults or [_nothing(len(found.files), sorting)]))
    images = [
        raster_series(file, number=number, assume_affine=assume_affine)
        for number, file in enumerate(sorting.rasters, start=len(series) + 1)
    ]
    skipped = tuple(
        Skipped(reason=reason, count=len(names), files=tuple(sorted(names)))
        for reason, names in sorted(sorting.skipped.items())
    )
    return Study(
        series=tuple(replace(s, workspace=workspace) for s in (*series, *images)),
        skipped=skipped,
        notices=tuple(_skip_notices(skipped)),
        faults=(*faults, *study_faults(sorting.headers, {s.number: s.headers for s in series})),
    )


def _drafts(sorting: _Sorting) -> list[Draft]:
    """The DICOM volumes; images that make none join the skipped files."""
    by_uid: dict[object, list[Header]] = defaultdict(list)
    for header in sorting.headers:
        by_uid[_series_key(header)].append(header)
    drafts: list[Draft] = []
    for headers in by_uid.values():
        found, left_out = drafts_of(headers)
        drafts += found
        for reason, names in left_out.items():
            sorting.skipped[reason] += names
    return drafts


def _sort_file(file: Path, where: str, sorting: _Sorting, *, force: bool) -> None:
    if is_raster(file):
        sorting.rasters.append(file)
        return
    reason = not_dicom(file)
    if reason is not None and not (force and reason == NO_PREAMBLE):
        sorting.skipped[reason].append(where)
        return
    try:
        headers = read_headers(file, where=where)
        if headers[0].modality == MODALITY:
            sorting.maps += study_maps(file)
    except Exception:  # damaged files raise whatever the damage leads to
        sorting.skipped[UNREADABLE].append(where)
        return
    reason = _no_image(headers[0])
    if reason is None:
        sorting.headers += headers
    else:
        sorting.skipped[reason].append(where)


def _series_key(h: Header) -> object:
    """SeriesInstanceUID; where an anonymizer emptied it, what else the images of one series share."""
    if h.series_uid:
        return h.series_uid
    return (Path(h.where).parent, h.modality, h.series_number, h.frame_of_reference, h.rows, h.columns)


def _no_image(h: Header) -> str | None:
    """Why an object is neither an image, nor a SEG, nor an RTSTRUCT; None when it is."""
    if h.modality in ("SEG", "RTSTRUCT"):
        return None
    if h.modality in _OTHER_OBJECTS:
        return f"{h.modality} object"
    if not h.sop_class or (h.rows == 0 and h.columns == 0 and h.position is None):
        return "DICOM without an image"
    if h.samples != 1 or h.photometric.startswith(("RGB", "YBR", "PALETTE")):
        return "color image (screen capture)"
    if h.sop_class.startswith("1.2.840.10008.5.1.4.1.1.7"):
        return "secondary capture"
    if "LOCALIZER" in h.image_type or "SCOUT" in h.image_type:
        return "localizer"
    return None


def _nothing(count: int, sorting: _Sorting) -> Fault:
    found = ", ".join(f"{len(names)} {reason}" for reason, names in sorted(sorting.skipped.items()))
    if NO_PREAMBLE in sorting.skipped:
        remedy = "Pass --force to read files without a preamble"
    elif not sorting.skipped.keys().isdisjoint(PACKED.values()):
        remedy = "Unpack it and give the folder, or give a zip archive"
    else:
        remedy = ""
    return Fault(
        code="NO_IMAGES",
        expected="at least one DICOM, NIfTI or NRRD image",
        found=f"{count} files: {found}" if count else found or "an empty folder",
        remedy=remedy,
    )


def _skip_notices(skipped: Sequence[Skipped]) -> list[Notice]:
    return [
        Notice(code="FILES_SKIPPED", message=f"{entry.count} files skipped: {entry.reason}")
        for entry in skipped
    ]
