"""What one DICOM image says of itself: read once, without pixels, into plain values."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pydicom
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset, FileDataset
from pydicom.uid import UID

from netlm_imaging.ingest import values as v
from netlm_imaging.ingest.frames import FRAME_TAGS, described_frames, frame_datasets, is_enhanced
from netlm_imaging.ingest.pet_facts import PET_TAGS
from netlm_imaging.ingest.privacy import hashed, without_identity
from netlm_imaging.ingest.protocol import Protocol, read_protocol

IMPLICIT, EXPLICIT, BIG_ENDIAN = "1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.2"
"""The transfer syntaxes whose pixels lie in the file as they are."""
_SIEMENS_MR = "SIEMENS MR HEADER"
_SIEMENS_B_VALUE = 0x0019100C

TAGS: tuple[str | int, ...] = (
    "SpecificCharacterSet", "ImageType", "SOPClassUID", "SOPInstanceUID", "Modality", "Manufacturer",
    "StudyDate", "SeriesDate", "AcquisitionDate", "AcquisitionDateTime", "SeriesTime", "AcquisitionTime",
    "TimezoneOffsetFromUTC", "SeriesDescription", "ProtocolName", "SequenceName", "PatientName", "PatientID",
    "PatientBirthDate", "AccessionNumber", "ContrastBolusAgent", "ContrastBolusAgentSequence",
    "ContrastBolusIngredient", "ContrastBolusStartTime", "ScanningSequence", "SequenceVariant",
    "ScanOptions", "MRAcquisitionType",
    "RepetitionTime", "EchoTime", "InversionTime", "EchoNumbers", "FlipAngle", "TriggerTime",
    "DiffusionBValue", "StudyInstanceUID", "SeriesInstanceUID", "SeriesNumber", "AcquisitionNumber",
    "InstanceNumber", "ImagesInAcquisition", "TemporalPositionIdentifier", "FrameOfReferenceUID",
    "ImagePositionPatient", "ImageOrientationPatient", "SamplesPerPixel", "PhotometricInterpretation",
    "NumberOfFrames", "Rows", "Columns", "PixelSpacing", "BitsAllocated", "BitsStored", "HighBit",
    "PixelRepresentation", "CorrectedImage", "RescaleIntercept", "RescaleSlope", "ModalityLUTSequence",
    "Units", "NumberOfSlices", "RadiopharmaceuticalInformationSequence", 0x00190010, _SIEMENS_B_VALUE,
    "StudyDescription", "ConvolutionKernel", "LossyImageCompression",
)  # fmt: skip

_TAGS: list[Any] = [v.tag_of(key) for key in (*TAGS, *FRAME_TAGS, *PET_TAGS)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Concatenation:
    """A multi-frame object that was cut into several files, and which of them this is."""

    uid: str
    part: int
    parts: int | None
    """How many there are, where the file says so."""
    first_frame: int | None
    """Frames in the parts before, where the file says so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """One image (or one frame of a multi-frame image)."""

    path: Path = field(repr=False)
    where: str
    """The file's path inside the input; parts of it that name the patient are hashes."""
    size_bytes: int
    modified_ns: int
    """With the size, what tells that the file was written to after it was scanned."""
    pixels_at: int
    """Where the header ends in the file."""
    transfer_syntax: str
    """Of uncompressed files what they are in fact written in, whatever they declare."""
    sop_class: str
    sop_uid: str
    series_uid: str
    study_uid: str
    frame_of_reference: str
    patient: str
    """A hash of who it is, after the kind of it ("id" or "name"); empty where the file does not say."""
    modality: str
    image_type: tuple[str, ...]
    rows: int
    columns: int
    frames: int
    samples: int
    photometric: str
    bits_allocated: int
    bits_stored: int
    high_bit: int
    signed: bool
    position: tuple[float, ...] | None
    orientation: tuple[float, ...] | None
    pixel_spacing: tuple[float, ...] | None
    """Row spacing (down a column) first, as DICOM has it."""
    slope: float | None
    intercept: float | None
    modality_lut: bool
    series_number: int | None
    instance_number: int | None
    acquisition_number: int | None
    temporal_position: int | None
    acquired: datetime | None
    trigger_ms: float | None
    echo_ms: float | None
    echo_number: int | None
    b_value: float | None
    declared_slices: int | None
    protocol: Protocol
    lossy: bool = False
    """Compressed with loss, now or ever before; True as well where a lossy codec may have been lossless."""
    frame: int | None = None
    """Its place in a multi-frame file, from 0; None where the file is one image or describes no frames."""
    described_frames: int = 0
    """How many frames the file describes; 0 for a classic image."""
    concatenation: Concatenation | None = None
    pet: Dataset | None = field(default=None, repr=False)
    """What a PET image says of patient, dose and times, as classic attributes."""

    @property
    def pixel_bytes(self) -> int:
        """Bytes of all frames before compression."""
        pixels = self.rows * self.columns * self.frames * self.samples
        return -(-pixels * self.bits_allocated // 8)

    @property
    def undescribed(self) -> bool:
        """Several frames in one file, and nothing that tells them apart."""
        return self.frames > 1 and self.frame is None

    @property
    def frame_bytes(self) -> int:
        """Bytes of one frame before compression."""
        return -(-self.rows * self.columns * self.samples * self.bits_allocated // 8)

    @property
    def native(self) -> bool:
        """Pixels are neither compressed nor deflated."""
        return self.transfer_syntax in _NATIVE

    @property
    def plain(self) -> bool:
        """Pixels lie in the file as they are in memory."""
        return self.native and self.transfer_syntax != BIG_ENDIAN and self.bits_allocated in (8, 16, 32)


_IDENTIFYING = ("PatientName", "PatientID", "PatientBirthDate", "AccessionNumber")
_IMAGES = ("CT", "MR", "PT")
_LOSSY = frozenset(f"1.2.840.10008.1.2.4.{n}" for n in (50, 51, 111))
_PERHAPS_LOSSY = frozenset(f"1.2.840.10008.1.2.4.{n}" for n in (81, 91, 93, 112, 203))
"""Codecs that can do both: LossyImageCompression must say 01 then, and is trusted to say 00."""
_NATIVE = frozenset({IMPLICIT, EXPLICIT, BIG_ENDIAN})


@contextmanager
def quiet() -> Iterator[None]:
    """pydicom tells of odd values by Python warnings; what matters here is checked by us."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def read_dataset(path: Path, *, pixels: bool = False) -> FileDataset:
    """A DICOM file as a pydicom dataset; without a preamble too."""
    with quiet():
        dataset = pydicom.dcmread(path, stop_before_pixels=not pixels, force=True)
        if "TransferSyntaxUID" not in dataset.file_meta:
            # Files without a preamble often have no file meta information either: then it is this.
            dataset.file_meta.TransferSyntaxUID = UID(IMPLICIT)
        return dataset


def read_headers(path: Path, *, where: str) -> tuple[Header, ...]:
    """The header of each image of one file: one, or one a frame where frames are described.

    Raises what pydicom raises for a file that is no DICOM.
    """
    with quiet(), path.open("rb") as stream:
        dataset = pydicom.dcmread(stream, stop_before_pixels=True, specific_tags=_TAGS, force=True)
        where = without_identity(where, [v.text(dataset, name) for name in _IDENTIFYING])
        pixels_at = stream.tell()
        dataset.file_meta.TransferSyntaxUID = UID(_syntax(dataset))
        if not is_enhanced(dataset) or v.text(dataset, "Modality").upper() not in _IMAGES:
            return (parse_header(dataset, path=path, where=where, pixels_at=pixels_at),)
        described = described_frames(dataset)
        if described != (v.integer(dataset, "NumberOfFrames") or 1):
            whole = parse_header(dataset, path=path, where=where, pixels_at=pixels_at)
            return (replace(whole, described_frames=described),)
        cut = _concatenation(dataset)
        return tuple(
            replace(
                parse_header(flat, path=path, where=where, pixels_at=pixels_at),
                frame=n,
                described_frames=described,
                concatenation=cut,
            )
            for n, flat in enumerate(frame_datasets(dataset))
        )


def _syntax(ds: FileDataset) -> str:
    """The transfer syntax; pydicom sees how the elements are written, which not every file declares truly."""
    declared = v.text(ds.file_meta, "TransferSyntaxUID")
    raw = next((element for element in ds.values() if isinstance(element, RawDataElement)), None)
    if raw is None or (declared and declared not in _NATIVE):
        return declared or IMPLICIT
    return BIG_ENDIAN if not raw.is_little_endian else IMPLICIT if raw.is_implicit_VR else EXPLICIT


def _concatenation(ds: Dataset) -> Concatenation | None:
    uid = v.text(ds, "ConcatenationUID")
    if not uid:
        return None
    return Concatenation(
        uid=uid,
        part=v.integer(ds, "InConcatenationNumber") or 0,
        parts=v.integer(ds, "InConcatenationTotalNumber"),
        first_frame=v.integer(ds, "ConcatenationFrameOffsetNumber"),
    )


def parse_header(ds: Dataset, *, path: Path, where: str, pixels_at: int = 0) -> Header:
    """The header of a dataset already read."""
    meta = getattr(ds, "file_meta", v.EMPTY)
    spacing = v.numbers(ds, "PixelSpacing")
    allocated = v.integer(ds, "BitsAllocated") or 16
    stored = v.integer(ds, "BitsStored") or allocated
    high = v.integer(ds, "HighBit")
    found = path.stat()
    return Header(
        path=path,
        where=where,
        size_bytes=found.st_size,
        modified_ns=found.st_mtime_ns,
        pixels_at=pixels_at,
        transfer_syntax=v.text(meta, "TransferSyntaxUID") or IMPLICIT,
        sop_class=v.text(ds, "SOPClassUID") or v.text(meta, "MediaStorageSOPClassUID"),
        sop_uid=v.text(ds, "SOPInstanceUID") or v.text(meta, "MediaStorageSOPInstanceUID"),
        series_uid=v.text(ds, "SeriesInstanceUID"),
        study_uid=v.text(ds, "StudyInstanceUID"),
        frame_of_reference=v.text(ds, "FrameOfReferenceUID"),
        patient=_patient(ds),
        modality=v.text(ds, "Modality").upper(),
        image_type=v.texts(ds, "ImageType"),
        rows=v.integer(ds, "Rows") or 0,
        columns=v.integer(ds, "Columns") or 0,
        frames=v.integer(ds, "NumberOfFrames") or 1,
        samples=v.integer(ds, "SamplesPerPixel") or 1,
        photometric=v.text(ds, "PhotometricInterpretation").upper(),
        bits_allocated=allocated,
        bits_stored=stored,
        high_bit=stored - 1 if high is None else high,
        signed=v.integer(ds, "PixelRepresentation") == 1,
        position=v.numbers(ds, "ImagePositionPatient"),
        orientation=v.numbers(ds, "ImageOrientationPatient"),
        pixel_spacing=spacing,
        slope=v.number(ds, "RescaleSlope"),
        intercept=v.number(ds, "RescaleIntercept"),
        modality_lut=bool(v.items(ds, "ModalityLUTSequence")),
        series_number=v.integer(ds, "SeriesNumber"),
        instance_number=v.integer(ds, "InstanceNumber"),
        acquisition_number=v.integer(ds, "AcquisitionNumber"),
        temporal_position=v.integer(ds, "TemporalPositionIdentifier"),
        acquired=v.date_and_time(ds, "Acquisition"),
        trigger_ms=v.number(ds, "TriggerTime"),
        echo_ms=v.number(ds, "EchoTime"),
        echo_number=v.integer(ds, "EchoNumbers"),
        b_value=_b_value(ds),
        declared_slices=v.first_of(
            lambda: v.integer(ds, "NumberOfSlices"), lambda: v.integer(ds, "ImagesInAcquisition")
        ),
        protocol=read_protocol(ds),
        lossy=_lossy(ds, v.text(meta, "TransferSyntaxUID")),
        pet=ds if v.text(ds, "Modality").upper() == "PT" else None,
    )


def _lossy(ds: Dataset, syntax: str) -> bool:
    stated = v.text(ds, "LossyImageCompression")
    return stated == "01" or syntax in _LOSSY or (syntax in _PERHAPS_LOSSY and stated != "00")


def _patient(ds: Dataset) -> str:
    """Who it is: by ID, else by name and birth date; upper case, so that spelling does not matter."""
    identity = v.text(ds, "PatientID").upper()
    if identity:
        return f"id {hashed(identity)}"
    name = v.text(ds, "PatientName").upper()
    return f"name {hashed(name + v.text(ds, 'PatientBirthDate'))}" if name else ""


def _b_value(ds: Dataset) -> float | None:
    value = v.number(ds, "DiffusionBValue")
    if value is None and v.text(ds, 0x00190010).upper() == _SIEMENS_MR:
        return v.number(ds, _SIEMENS_B_VALUE)
    return value
