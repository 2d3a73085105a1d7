# ruff: noqa: E501
"""Tags of liver exams as the scanners of five vendors write them, made up by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from netlm_imaging.ingest.header import Header, parse_header

Tags = dict[str, Any]

_GRE: Tags = {"Modality": "MR", "ScanningSequence": "GR", "MRAcquisitionType": "3D"}
_TSE: Tags = {"Modality": "MR", "ScanningSequence": "SE", "MRAcquisitionType": "2D", "RepetitionTime": "2500"}
_EPI: Tags = {**_TSE, "ScanningSequence": ["EP", "SE"], "EchoTime": "60"}

SIEMENS: Tags = {"Manufacturer": "SIEMENS", "ImageType": ["ORIGINAL", "PRIMARY", "M", "NORM", "DIS2D"]}
GE: Tags = {"Manufacturer": "GE MEDICAL SYSTEMS", "ImageType": ["ORIGINAL", "PRIMARY", "OTHER"]}
PHILIPS: Tags = {"Manufacturer": "Philips", "ImageType": ["ORIGINAL", "PRIMARY", "M_FFE", "M", "FFE"]}
CANON: Tags = {"Manufacturer": "TOSHIBA", "ImageType": ["ORIGINAL", "PRIMARY", "GDC"]}
UIH: Tags = {"Manufacturer": "UIH", "ImageType": ["ORIGINAL", "PRIMARY", "M", "ND", "NORM"]}

VIBE: Tags = {
    **SIEMENS, **_GRE, "SequenceVariant": ["SP", "OSP"], "ScanOptions": ["PFP", "FS"], "RepetitionTime": "3.9",
    "EchoTime": "1.4", "FlipAngle": "10", "SequenceName": "*fl3d1",
}  # fmt: skip
VIBE_DIXON: Tags = {**VIBE, "ScanOptions": ["PFP"], "SequenceName": "*fl3d2", "EchoTime": "1.29"}
LAVA: Tags = {
    **GE, **_GRE, "SequenceVariant": ["SS", "SP", "SK"], "ScanOptions": ["FAST_GEMS", "EDR_GEMS", "ACC_GEMS"],
    "RepetitionTime": "4.1", "EchoTime": "1.9", "FlipAngle": "12",
}  # fmt: skip
THRIVE: Tags = {
    **PHILIPS, **_GRE, "SequenceVariant": "SP", "ScanOptions": ["FS", "OTHER"], "RepetitionTime": "3.7",
    "EchoTime": "1.75", "FlipAngle": "10",
}  # fmt: skip
QUICK3D: Tags = {
    **CANON, **_GRE, "SequenceVariant": "SP", "ScanOptions": ["PFP", "FS"], "RepetitionTime": "3.8",
    "EchoTime": "1.3", "FlipAngle": "12", "SequenceName": "FE3D_S",
}  # fmt: skip
FSP3D: Tags = {
    **UIH, **_GRE, "SequenceVariant": "SP", "ScanOptions": "FS", "RepetitionTime": "3.4", "EchoTime": "1.5",
    "FlipAngle": "10", "SequenceName": "gre_fsp",
}  # fmt: skip
HASTE: Tags = {**SIEMENS, **_TSE, "EchoTime": "91", "SequenceName": "*h2d1_192"}
BLADE: Tags = {**SIEMENS, **_TSE, "EchoTime": "95", "ScanOptions": "FS", "SequenceName": "*tseB2d1_25"}
SSFSE: Tags = {**GE, **_TSE, "EchoTime": "88", "ScanOptions": ["FAST_GEMS", "PFF"]}
SSH: Tags = {**PHILIPS, **_TSE, "EchoTime": "80", "ImageType": ["ORIGINAL", "PRIMARY", "M_SE", "M", "SE"]}
DWI: Tags = {
    **SIEMENS,
    **_EPI,
    "SequenceName": "*ep_b800t",
    "ImageType": ["ORIGINAL", "PRIMARY", "DIFFUSION", "TRACEW"],
}
CT: Tags = {"Modality": "CT", "ImageType": ["ORIGINAL", "PRIMARY", "AXIAL"], "Manufacturer": "SIEMENS"}
PET: Tags = {
    "Modality": "PT", "ImageType": ["ORIGINAL", "PRIMARY"], "Units": "BQML", "CorrectedImage": ["DECY", "ATTN"],
}  # fmt: skip


def dataset(tags: Tags) -> Dataset:
    """Tags as a dataset; axial and acquired at 10 o'clock unless they say otherwise."""
    item = Dataset()
    item.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
    item.AcquisitionDate, item.AcquisitionTime = "20240305", "100000"
    for name, value in tags.items():
        setattr(item, name, value)
    return item


def header(tags: Tags) -> Header:
    return parse_header(dataset(tags), path=Path(__file__), where="file")


def code(value: str, meaning: str = "", scheme: str = "SCT") -> Dataset:
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, scheme, meaning
    return item


def coded_agent(value: str) -> Tags:
    """A contrast agent that is named by its code alone."""
    return {"ContrastBolusAgentSequence": Sequence([code(value)])}


def given(drug: str = "", *, tracer: Dataset | None = None, nuclide: Dataset | None = None) -> Tags:
    """What was injected for a PET."""
    item = Dataset()
    if drug:
        item.Radiopharmaceutical = drug
    if tracer is not None:
        item.RadiopharmaceuticalCodeSequence = Sequence([tracer])
    if nuclide is not None:
        item.RadionuclideCodeSequence = Sequence([nuclide])
    return {"RadiopharmaceuticalInformationSequence": Sequence([item])}


GA68 = code("C-131A3", "^68^Gallium", "SRT")
F18 = code("C-111A1", "18F", "99SDM")
CU64 = code("C-127A2", "^64^Copper", "SRT")
