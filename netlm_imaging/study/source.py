"""What the DICOM objects of a case are made from: the files of its reference image."""

from __future__ import annotations

from netlm_imaging.errors import InputError, Notice
from netlm_imaging.export import DicomSource, read_source
from netlm_imaging.ingest import Series


def dicom_source(series: Series | None) -> tuple[DicomSource | None, tuple[Notice, ...]]:
    """The images of ``series``; None, and the reason, where no DICOM object can refer to them.

    None without a notice for a NIfTI or NRRD series, and without any.
    """
    if series is None or series.file is not None:
        return None, ()
    try:
        return read_source([header.path for header in series.headers], where=series.where), ()
    except InputError as error:
        return None, tuple(Notice(code=f.code, message=str(f), where=f.where) for f in error.faults)
