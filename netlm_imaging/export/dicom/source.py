"""The series that objects are made from: its patient, study and frame of reference, and UIDs made from it."""

from __future__ import annotations

import hashlib
import io
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
from pydicom import config, uid
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.valuerep import DS, validate_value

import netlm_imaging
from netlm_imaging.errors import Fault, InputError
from netlm_imaging.geometry import Grid
from netlm_imaging.volume import Mask

SOFTWARE = "netlm-imaging"
OWN_SCHEME = "99NETLM"
"""For what no standard names."""
SERIES_NUMBERS = {"SEG": 9001, "SR": 9002, "DOC": 9003}
"""High, so that they stand behind the images of the study in a viewer's list (ours)."""
_UIDS = ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID", "SOPClassUID")
_NEVER_ABSENT = (
    *("PatientName", "PatientID", "PatientBirthDate", "PatientSex"),
    *("AccessionNumber", "StudyID", "StudyDate", "StudyTime", "ReferringPhysicianName"),
)
"""Of patient and study: where nothing is known they are empty (type 2)."""
_PATIENT_AND_STUDY = (
    *_NEVER_ABSENT,
    *("IssuerOfPatientID", "TypeOfPatientID", "PatientBirthTime", "OtherPatientIDsSequence", "EthnicGroup"),
    *("PatientComments", "PatientIdentityRemoved", "DeidentificationMethod"),
    *("DeidentificationMethodCodeSequence", "StudyDescription", "IssuerOfAccessionNumberSequence"),
    *("ProcedureCodeSequence", "PatientAge", "PatientSize", "PatientWeight", "AdmissionID"),
    *("ClinicalTrialSponsorName", "ClinicalTrialProtocolID", "ClinicalTrialProtocolName"),
    *("ClinicalTrialSiteID", "ClinicalTrialSubjectID", "ClinicalTrialTimePointID"),
)
_GEOMETRY = ("SharedFunctionalGroupsSequence", "PerFrameFunctionalGroupsSequence")
_KEPT = (
    *(*_UIDS, *_PATIENT_AND_STUDY, *_GEOMETRY, "FrameOfReferenceUID", "PositionReferenceIndicator"),
    *("Modality", "Rows", "Columns", "ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing"),
    *("SliceThickness", "SpacingBetweenSlices", "NumberOfFrames"),
    *("Manufacturer", "ManufacturerModelName", "StationName", "SoftwareVersions", "InstitutionName"),
    *("LossyImageCompression", "LossyImageCompressionRatio", "LossyImageCompressionMethod"),
    *("SeriesDate", "AcquisitionDate", "ContentDate", "SpecificCharacterSet"),
)
_IMAGES = frozenset(
    {
        *(uid.CTImageStorage, uid.EnhancedCTImageStorage, uid.LegacyConvertedEnhancedCTImageStorage),
        *(uid.MRImageStorage, uid.EnhancedMRImageStorage, uid.LegacyConvertedEnhancedMRImageStorage),
        *(uid.PositronEmissionTomographyImageStorage, uid.EnhancedPETImageStorage),
        uid.SecondaryCaptureImageStorage,
    }
)
"""What highdicom knows how to refer to; images of a maker's own class are not among them."""
_LONGEST = 4096
"""Of one value that is copied; longer ones are no facts of a patient."""


@dataclass(frozen=True, slots=True, eq=False)
class DicomSource:
    """The images of one series, without pixels; only what objects made from them repeat, and valid.

    Read once, so that the files may be gone when the objects are written.
    """

    images: tuple[Dataset, ...]

    @property
    def first(self) -> Dataset:
        """Whose patient and study all objects repeat."""
        return self.images[0]

    @property
    def series_uid(self) -> str:
        """Of the source."""
        return str(self.first.SeriesInstanceUID)

    def uid(self, *parts: str) -> str:
        """A UID that is the same whenever series and ``parts`` are: under 2.25 (DICOM PS3.5 B.2)."""
        text = "\0".join((self.series_uid, *parts))
        return f"2.25.{int.from_bytes(hashlib.sha256(text.encode()).digest()[:16], 'big')}"

    def equipment(self, modality: str, *parts: str) -> dict[str, Any]:
        """What all objects say of their series and of what made them, as highdicom takes it.

        The date is the study's: objects of the same input have the same bytes, whenever they are made.
        ``parts`` tell this run from others of the same series.
        """
        from highdicom.coding_schemes import CodingSchemeIdentificationItem

        own = CodingSchemeIdentificationItem(OWN_SCHEME, name=f"codes of {SOFTWARE}")
        date, time = _date(self.first), str(self.first.get("StudyTime") or "")
        return {
            "series_instance_uid": self.uid(modality, *parts),
            "series_number": SERIES_NUMBERS[modality],
            "manufacturer": SOFTWARE,
            "manufacturer_model_name": SOFTWARE,
            "device_serial_number": netlm_imaging.__version__,
            "software_versions": netlm_imaging.__version__,
            "content_date": date,
            "content_time": time or "000000",
            "specific_character_set": "ISO_IR 192",
            "coding_schemes": [own],
        }


def read_source(paths: Sequence[Path], *, where: str) -> DicomSource:
    """The images in ``paths``, each file once, in their order.

    Raises InputError (NO_DICOM_WRITTEN) for images to which no object can refer: without UIDs, or gone.
    """
    files = list(dict.fromkeys(paths))
    with quiet():
        try:
            found = [
                pydicom.dcmread(path, stop_before_pixels=True, force=True, specific_tags=list(_KEPT))
                for path in files
            ]
            sources = [_kept(image) for image in found]
        except (OSError, ValueError, pydicom.errors.InvalidDicomError) as error:
            raise _refused(f"files that cannot be read again ({type(error).__name__})", where) from error
    absent = sorted({name for image in sources for name in _UIDS if not image.get(name)})
    if absent:
        raise _refused(f"images without {', '.join(absent)}", where)
    if sources[0].SOPClassUID not in _IMAGES:
        raise _refused("images of a kind of its own", where)
    source = DicomSource(tuple(sources))
    if not source.first.get("FrameOfReferenceUID"):
        # Positions in the patient stand in the files all the same: one frame of reference of their own.
        frame = source.uid("frame of reference")
        for image in sources:
            image.FrameOfReferenceUID = frame
    _try(source, where)
    return source


def _try(source: DicomSource, where: str) -> None:
    """A SEG of one voxel: what cannot be referred to is said now, not after the long work."""
    from netlm_imaging.export.dicom.objects import seg_bytes

    grid = Grid(shape_kji=(1, 1, 1), spacing_mm=(1.0, 1.0, 1.0), origin_mm=(0.0, 0.0, 0.0))
    try:
        seg_bytes("liver", Mask(np.ones(grid.shape_kji, dtype=np.bool_), grid), source)
    except (ValueError, TypeError, AttributeError, KeyError) as error:
        raise _refused(f"a header that does not allow it ({type(error).__name__})", where) from error


def to_bytes(dataset: Any) -> bytes:
    """The DICOM file; nothing in it tells when it was written."""
    for item in (dataset, *dataset.get("ContributingEquipmentSequence", ())):
        for name in ("InstanceCreationDate", "InstanceCreationTime", "ContributionDateTime"):
            if name in item:
                delattr(item, name)
    buffer = io.BytesIO()
    with quiet():
        dataset.save_as(buffer, enforce_file_format=True)
    return buffer.getvalue()


def _kept(image: Dataset) -> Dataset:
    """Geometry, UIDs, and the modules of patient and study, without what is not valid in DICOM."""
    kept = Dataset()
    for name in _KEPT:
        with suppress(KeyError, ValueError, NotImplementedError):
            element = image[name]
            if element.VR == "DS" and not _valid(element):
                # Numbers of more than 16 characters are common, and mean what they say.
                element = DataElement(element.tag, "DS", [DS(float(v), True) for v in _values(element)])
            if name in _GEOMETRY or _valid(element):
                kept.add(element)
    if kept.get("PatientSex") not in ("M", "F", "O"):
        kept.PatientSex = None
    for name in _NEVER_ABSENT:
        if name not in kept:
            setattr(kept, name, None)
    return kept


def _valid(element: DataElement) -> bool:
    if element.VR in ("US", "UL", "FD", "FL"):
        return True
    if element.VR == "SQ":
        return all(_valid(inner) for item in element.value for inner in item)
    values = [str(value) for value in _values(element)]
    if element.tag.is_private or any(len(value) > _LONGEST for value in values):
        return False
    try:
        for value in values:
            validate_value(element.VR, value, config.RAISE)
    except ValueError:
        return False
    return True


def _values(element: DataElement) -> Sequence[Any]:
    return element.value if element.VM > 1 else [element.value or ""]


def _date(first: Dataset) -> str:
    """Of the study, else of the images; DICOM wants one, and a clock would not be the same twice."""
    names = ("StudyDate", "SeriesDate", "AcquisitionDate", "ContentDate")
    found: Iterator[str] = (str(first.get(name) or "") for name in names)
    return next((date for date in found if date), "19000101")


def _refused(found: str, where: str) -> InputError:
    return InputError(
        Fault(
            code="NO_DICOM_WRITTEN",
            expected="source images that DICOM objects can refer to",
            found=found,
            where=where,
            remedy="All other outputs are written",
        )
    )


@contextmanager
def quiet() -> Iterator[None]:
    """Oddities of the source are said when it is scanned."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
