"""Enhanced multi-frame objects made of classic images, as scanners and converters write them."""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from pathlib import Path
from typing import Any

from ingest import builder
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence as DicomSequence

SOP_CLASS = {
    "CT": "1.2.840.10008.5.1.4.1.1.2.1",
    "MR": "1.2.840.10008.5.1.4.1.1.4.1",
    "PT": "1.2.840.10008.5.1.4.1.1.130",
}
_FRAME_TYPE = {
    "CT": "CTImageFrameTypeSequence", "MR": "MRImageFrameTypeSequence", "PT": "PETFrameTypeSequence",
}  # fmt: skip
_GROUPS: dict[str, dict[str, str]] = {
    # functional group: {attribute in it: classic attribute}
    "PlanePositionSequence": {"ImagePositionPatient": "ImagePositionPatient"},
    "PlaneOrientationSequence": {"ImageOrientationPatient": "ImageOrientationPatient"},
    "PixelMeasuresSequence": {"PixelSpacing": "PixelSpacing", "SliceThickness": "SliceThickness"},
    "PixelValueTransformationSequence": {
        "RescaleSlope": "RescaleSlope", "RescaleIntercept": "RescaleIntercept", "RescaleType": "Units",
    },
    "MREchoSequence": {"EffectiveEchoTime": "EchoTime"},
    "MRTimingAndRelatedParametersSequence": {"RepetitionTime": "RepetitionTime", "FlipAngle": "FlipAngle"},
    "MRDiffusionSequence": {"DiffusionBValue": "DiffusionBValue"},
    "FrameContentSequence": {"TemporalPositionIndex": "TemporalPositionIdentifier"},
}  # fmt: skip
_NUMBERS = ("EffectiveEchoTime", "TemporalPositionIndex")
_PER_FRAME_ONLY = (
    "ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing", "SliceThickness", "RescaleSlope",
    "RescaleIntercept", "Units", "EchoTime", "RepetitionTime", "FlipAngle", "DiffusionBValue",
    "TemporalPositionIdentifier", "AcquisitionDate", "AcquisitionTime", "PixelData", "ScanningSequence",
    "CorrectedImage", "DecayCorrection",
)  # fmt: skip


def one(**values: Any) -> DicomSequence:
    item = Dataset()
    for name, value in values.items():
        setattr(item, name, value)
    return DicomSequence([item])


def enhanced(items: Sequence[Dataset], *, shared: Sequence[str] = ()) -> Dataset:
    """One object of the frames of ``items``; the groups named in ``shared`` stand once for all."""
    first = items[0]
    whole = Dataset()
    whole.file_meta = first.file_meta
    whole.update({e.tag: deepcopy(e) for e in first if e.keyword not in _PER_FRAME_ONLY})
    whole.SOPClassUID = whole.file_meta.MediaStorageSOPClassUID = SOP_CLASS[first.Modality]
    whole.NumberOfFrames = len(items)
    whole.PixelData = b"".join(item.PixelData for item in items)
    if first.Modality == "MR":
        whole.EchoPulseSequence = {"GR": "GRADIENT", "SE": "SPIN"}[first.ScanningSequence]
    if first.Modality == "PT":
        whole.DecayCorrected, whole.AttenuationCorrected, whole.ScatterCorrected = "YES", "YES", "YES"
    frames = [_groups(item) for item in items]
    common = Dataset()
    for name in shared:
        setattr(common, name, getattr(frames[0], name))
        for frame in frames:
            delattr(frame, name)
    whole.SharedFunctionalGroupsSequence = DicomSequence([common])
    whole.PerFrameFunctionalGroupsSequence = DicomSequence(frames)
    return whole


def _groups(item: Dataset) -> Dataset:
    frame = Dataset()
    for group, attributes in _GROUPS.items():
        values = {name: getattr(item, classic) for name, classic in attributes.items() if classic in item}
        values = {n: float(v) if n in _NUMBERS[:1] else v for n, v in values.items()}
        if values:
            setattr(frame, group, one(**values))
    if "FrameContentSequence" not in frame:
        frame.FrameContentSequence = one()
    frame.FrameContentSequence[0].FrameAcquisitionDateTime = f"{item.AcquisitionDate}{item.AcquisitionTime}"
    setattr(frame, _FRAME_TYPE[item.Modality], one(FrameType=list(item.ImageType)))
    return frame


def concatenation(whole: Dataset, sizes: Sequence[int], *, declared: bool = True) -> list[Dataset]:
    """``whole`` cut into several objects of ``sizes`` frames."""
    parts, start = [], 0
    frame_bytes = len(whole.PixelData) // whole.NumberOfFrames
    for number, size in enumerate(sizes, start=1):
        part = deepcopy(whole)
        part.SOPInstanceUID = part.file_meta.MediaStorageSOPInstanceUID = builder.uid("part", number)
        part.ConcatenationUID = builder.uid("concatenation")
        part.InConcatenationNumber, part.ConcatenationFrameOffsetNumber = number, start
        if declared:
            part.InConcatenationTotalNumber = len(sizes)
        part.NumberOfFrames = size
        frames = list(whole.PerFrameFunctionalGroupsSequence)[start : start + size]
        part.PerFrameFunctionalGroupsSequence = DicomSequence(frames)
        part.PixelData = whole.PixelData[start * frame_bytes : (start + size) * frame_bytes]
        start += size
        parts.append(part)
    return parts


def legacy_converted(items: Sequence[Dataset]) -> Dataset:
    """As a converter of classic images writes them: what has no group of its own stands unassigned."""
    whole = enhanced(items)
    for frame, item in zip(whole.PerFrameFunctionalGroupsSequence, items, strict=True):
        loose = Dataset()
        for keyword in ("AcquisitionDate", "AcquisitionTime", "EchoTime", "ScanningSequence", "Units"):
            if keyword in item:
                loose[keyword] = item[keyword]
        frame.UnassignedPerFrameConvertedAttributesSequence = DicomSequence([loose])
        for name in ("MREchoSequence", "FrameContentSequence"):
            if name in frame:
                delattr(frame, name)
    if "EchoPulseSequence" in whole:
        del whole.EchoPulseSequence
    return whole


def save(objects: Sequence[Dataset], folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for n, item in enumerate(objects):
        item.save_as(folder / f"e{n}", enforce_file_format=True)
    return folder
