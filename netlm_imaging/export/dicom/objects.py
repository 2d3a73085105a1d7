"""The DICOM objects of a case, as files by name: a SEG for each mask, the measurements, the report."""

from __future__ import annotations

import hashlib
import io
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pydicom
from pydicom.dataset import Dataset
from pydicom.uid import UID, EncapsulatedPDFStorage, ExplicitVRLittleEndian

from netlm_imaging.case import CaseResult
from netlm_imaging.errors import Fault, UsageError
from netlm_imaging.export.dicom import codes
from netlm_imaging.export.dicom.measurements import sr_of
from netlm_imaging.export.dicom.segmentation import seg_of
from netlm_imaging.export.dicom.segments import REGIONS, segments_of
from netlm_imaging.export.dicom.source import SOFTWARE, DicomSource, quiet, to_bytes
from netlm_imaging.export.files import write_file
from netlm_imaging.plan.plan_file import mask_sha256
from netlm_imaging.volume import LabelMap, Mask, Volume

if TYPE_CHECKING:
    from highdicom.seg import Segmentation

_INSTANCES = {"liver": 1, "lesions": 2, "segments": 3, "treated": 4, "remnant": 5}
"""The masks that are written as SEG, with their number in the series."""
TITLE = "Neuroendocrine liver metastases: surgical plan (research)"


def dicom_objects(
    case: CaseResult,
    masks: Mapping[str, Volume | Mask | LabelMap],
    source: DicomSource,
    *,
    pdf: bytes | None,
) -> dict[str, bytes]:
    """Files by name: ``liver.dcm``, ``lesions.dcm``, ... (SEG), ``measurements.dcm`` (SR), ``report.dcm``.

    ``masks`` are those of the case folder; what holds no voxel has no SEG. ``pdf`` is the report. Equal
    input gives equal bytes. All objects join the study of ``source``, and repeat its patient.
    """
    run = hashlib.sha256(case.to_json().encode()).hexdigest()
    cleared = {lesion.id for lesion in case.lesions if lesion.cleared}
    with quiet():
        segs = {
            part: _seg(part, mask, source, cleared=cleared, run=run)
            for part in _INSTANCES
            if isinstance(mask := masks.get(part), Mask | LabelMap) and mask.array.any()
        }
        sr = sr_of(case, segs, source, run=run) if segs else None
    files: dict[str, Any] = {**segs, **({} if sr is None else {"measurements": sr})}
    written = {f"{name}.dcm": to_bytes(dataset) for name, dataset in files.items()}
    if pdf is not None:
        written["report.dcm"] = _document(pdf, source, run=run)
    return written


def write_seg(part: str, mask: Mask | LabelMap, path: Path, *, source: DicomSource) -> Path:
    """One mask as a SEG file, whole or not at all; returns the path.

    ``part`` says what it is, as in ``dicom_objects``; of any other name it becomes the segments' own. Raises
    UsageError: EMPTY_MASK, DISK_FULL, NO_PERMISSION, WRITE_FAILED.
    """
    if not mask.array.any():
        raise UsageError(Fault(code="EMPTY_MASK", expected="a mask with voxels", found="none", where=part))
    write_file(path, seg_bytes(part, mask, source))
    return path


def seg_bytes(part: str, mask: Mask | LabelMap, source: DicomSource) -> bytes:
    """The file of ``write_seg``. Raises ValueError for a mask without a voxel."""
    with quiet():
        return to_bytes(_seg(part, mask, source, cleared=None, run=f"{part} alone {mask_sha256(mask)}"))


def document_again(file: bytes, pdf: bytes) -> bytes:
    """``file``, a report.dcm, with another PDF: the same bytes for the same PDF."""
    with quiet():
        document = pydicom.dcmread(io.BytesIO(file))
    if document.EncapsulatedDocument.rstrip(b"\0") != pdf.rstrip(b"\0"):
        old = DicomSource((document,))
        _put(document, pdf, old.uid("again", hashlib.sha256(pdf).hexdigest()))
    return to_bytes(document)


def _seg(
    part: str, mask: Mask | LabelMap, source: DicomSource, *, cleared: set[int] | None, run: str
) -> Segmentation:
    if part in REGIONS and isinstance(mask, LabelMap):
        mask = mask.any  # one region, whatever its values
    return seg_of(
        mask,
        segments_of(part, mask, source, cleared=cleared),
        source,
        content=re.sub(r"[^A-Z0-9_]", "_", part.upper())[:16],
        instance=_INSTANCES.get(part, 1),
        run=run,
    )


def _document(pdf: bytes, source: DicomSource, *, run: str) -> bytes:
    """The report as Encapsulated PDF (PS3.3 A.45.1)."""
    import highdicom as hd

    first = source.first
    with quiet():
        document = hd.SOPClass(
            study_instance_uid=first.StudyInstanceUID,
            sop_instance_uid=source.uid("DOC", run, hashlib.sha256(pdf).hexdigest()),
            sop_class_uid=EncapsulatedPDFStorage,
            instance_number=1,
            modality="DOC",
            transfer_syntax_uid=ExplicitVRLittleEndian,
            series_description=f"{SOFTWARE} report (research)",
            referring_physician_name=first.ReferringPhysicianName,
            **source.equipment("DOC", run),
        )
        document.copy_patient_and_study_information(first)
    document.ConversionType = "WSD"
    document.BurnedInAnnotation = "NO"  # the report names no patient
    document.AcquisitionDateTime = None
    document.DocumentTitle = TITLE
    document.ConceptNameCodeSequence = [_item(codes.REPORT)]
    document.MIMETypeOfEncapsulatedDocument = "application/pdf"
    _put(document, pdf, document.SOPInstanceUID)
    return to_bytes(document)


def _put(document: Dataset, pdf: bytes, uid: str) -> None:
    document.SOPInstanceUID = document.file_meta.MediaStorageSOPInstanceUID = UID(uid)
    document.EncapsulatedDocumentLength = len(pdf)
    document.EncapsulatedDocument = pdf + b"\0" * (len(pdf) % 2)


def _item(code: Any) -> Dataset:
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = code.value, code[1], code.meaning
    return item
