"""Enhanced multi-frame objects: each frame as a classic dataset of its own.

Enhanced CT, MR and PET (and their legacy-converted kind) keep in functional groups what classic
images keep at the top. Translated here once, so that everything after reads one kind of image.
Sources: DICOM PS3.3 C.7.6.16 (functional groups), C.8.13 (MR), C.8.15 (CT), C.8.22 (PET).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

from pydicom.datadict import dictionary_VR
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset

from netlm_imaging.ingest import values as v

SHARED, PER_FRAME = "SharedFunctionalGroupsSequence", "PerFrameFunctionalGroupsSequence"
FRAME_TAGS: tuple[str | int, ...] = (
    SHARED, PER_FRAME, "ConcatenationUID", "InConcatenationNumber", "InConcatenationTotalNumber",
    "ConcatenationFrameOffsetNumber", "AcquisitionContrast", "ComplexImageComponent", "PulseSequenceName",
    "EchoPulseSequence", "EchoPlanarPulseSequence", "AttenuationCorrected", "DecayCorrected",
    "ScatterCorrected", "RandomsCorrected", "DeadTimeCorrected", "DecayCorrectionDateTime",
    "UnassignedSharedConvertedAttributesSequence", "UnassignedPerFrameConvertedAttributesSequence",
)  # fmt: skip

_PHILIPS_CLASSIC = 0x2005140F
"""Philips repeats each frame's classic attributes here."""

_MOVED: tuple[tuple[str, str, str], ...] = (
    # classic attribute, functional group, attribute in it
    ("ImagePositionPatient", "PlanePositionSequence", "ImagePositionPatient"),
    ("ImageOrientationPatient", "PlaneOrientationSequence", "ImageOrientationPatient"),
    ("PixelSpacing", "PixelMeasuresSequence", "PixelSpacing"),
    ("RescaleSlope", "PixelValueTransformationSequence", "RescaleSlope"),
    ("RescaleIntercept", "PixelValueTransformationSequence", "RescaleIntercept"),
    ("TemporalPositionIdentifier", "FrameContentSequence", "TemporalPositionIndex"),
    ("AcquisitionNumber", "FrameContentSequence", "FrameAcquisitionNumber"),
    ("ActualFrameDuration", "FrameContentSequence", "FrameAcquisitionDuration"),
    ("TriggerTime", "CardiacSynchronizationSequence", "NominalCardiacTriggerDelayTime"),
    ("EchoTime", "MREchoSequence", "EffectiveEchoTime"),
    ("RepetitionTime", "MRTimingAndRelatedParametersSequence", "RepetitionTime"),
    ("FlipAngle", "MRTimingAndRelatedParametersSequence", "FlipAngle"),
    ("InversionTime", "MRModifierSequence", "InversionTimes"),
    ("DiffusionBValue", "MRDiffusionSequence", "DiffusionBValue"),
    ("ConvolutionKernel", "CTReconstructionSequence", "ConvolutionKernel"),
    ("ImageType", "MRImageFrameTypeSequence", "FrameType"),
    ("ImageType", "CTImageFrameTypeSequence", "FrameType"),
    ("ImageType", "PETFrameTypeSequence", "FrameType"),
)
_CORRECTIONS = {
    "DecayCorrected": "DECY", "AttenuationCorrected": "ATTN", "ScatterCorrected": "SCAT",
    "RandomsCorrected": "RAN", "DeadTimeCorrected": "DTIM",
}  # fmt: skip
_UNITS = {"BQML": "BQML", "BQ/ML": "BQML", "G/ML": "GML", "GML": "GML", "CNTS": "CNTS"}


def is_enhanced(dataset: Dataset) -> bool:
    """Whether frames have descriptions of their own."""
    return PER_FRAME in dataset


def described_frames(dataset: Dataset) -> int:
    """How many frames are described, whatever NumberOfFrames says."""
    return len(v.items(dataset, PER_FRAME))


def frame_datasets(dataset: Dataset) -> Iterator[Dataset]:
    """Each frame of an enhanced object with the keywords of a classic image, in stored order."""
    per_frame = v.items(dataset, PER_FRAME)
    shared = v.item(dataset, SHARED)
    top = {tag: dataset.get_item(tag) for tag in dataset.keys() if tag.group != 0x5200}  # noqa: SIM118
    common = _common(dataset, shared)
    first = v.integer(dataset, "ConcatenationFrameOffsetNumber") or 0
    for number, groups in enumerate(per_frame, start=first + 1):
        flat = Dataset()
        flat.file_meta = dataset.file_meta
        flat.update(top)  # type: ignore[arg-type]
        flat.update(common)
        for sequence in (
            v.item(shared, "UnassignedSharedConvertedAttributesSequence"),
            v.item(groups, "UnassignedPerFrameConvertedAttributesSequence"),
        ):
            flat.update({tag: sequence[tag] for tag in sequence.keys()})  # noqa: SIM118
        _put(flat, "InstanceNumber", number)
        _move(flat, lambda name, own=groups: v.item(own, name) or v.item(shared, name))  # type: ignore[misc]
        yield flat


def _common(dataset: Dataset, shared: Dataset) -> Dataset:
    """What all frames share: sequence type, corrections and contrast in the words of classic images."""
    flat = Dataset()
    echo = v.text(dataset, "EchoPulseSequence").upper()
    kinds = {"SPIN": ["SE"], "GRADIENT": ["GR"], "BOTH": ["SE", "GR"]}.get(echo, [])
    if v.text(dataset, "EchoPlanarPulseSequence").upper() == "YES":
        kinds.append("EP")
    if kinds and not v.text(dataset, "ScanningSequence"):
        _put(flat, "ScanningSequence", kinds)
    if v.text(v.item(shared, "MRModifierSequence"), "SpectrallySelectedSuppression").upper() == "FAT":
        _put(flat, "ScanOptions", "FS")
    if name := v.text(dataset, "PulseSequenceName"):
        _put(flat, "SequenceName", name[:16])
    corrected = [word for key, word in _CORRECTIONS.items() if v.text(dataset, key).upper() == "YES"]
    if corrected and not v.text(dataset, "CorrectedImage"):
        _put(flat, "CorrectedImage", corrected)
    if (decay := v.text(dataset, "DecayCorrected").upper()) and not v.text(dataset, "DecayCorrection"):
        _put(flat, "DecayCorrection", "START" if decay == "YES" else "NONE")
    agent = v.item(dataset, "ContrastBolusAgentSequence")
    start = v.text(v.item(agent, "ContrastAdministrationProfileSequence"), "ContrastBolusStartTime")
    if start:
        _put(flat, "ContrastBolusStartTime", start)
    return flat


def _move(flat: Dataset, group: Callable[[str | int], Dataset]) -> None:
    """Fill ``flat`` from the functional groups of one frame."""
    for keyword, sequence, source in _MOVED:
        value = v.raw(group(sequence), source)
        if value is not None:
            _put(flat, keyword, value)
    acquired = v.text(group("FrameContentSequence"), "FrameAcquisitionDateTime")
    if acquired:
        _put(flat, "AcquisitionDateTime", acquired)
        for other in ("AcquisitionDate", "AcquisitionTime"):
            if other in flat:
                del flat[other]
    component = v.text(group("MRImageFrameTypeSequence"), "ComplexImageComponent").upper()
    if component not in ("", "MAGNITUDE"):
        _put(flat, "ImageType", [*v.texts(flat, "ImageType"), component])
    if v.text(flat, "Modality").upper() == "PT":
        _put_units(flat, group)
    classic = group(_PHILIPS_CLASSIC)
    for keyword in ("ScanningSequence", "SequenceVariant", "ScanOptions", "ContrastBolusAgent"):
        if keyword in classic and not v.text(flat, keyword):
            flat[keyword] = classic[keyword]


def _put_units(flat: Dataset, group: Callable[[str | int], Dataset]) -> None:
    """Units of an enhanced PET: its rescale type, else those of a map in Bq/mL with the same slope.

    A real-world map alone is never trusted: what it says beyond the rescale is only a check.
    """
    world = group("RealWorldValueMappingSequence")
    if len(world):
        _put(flat, "RealWorldValueMappingSequence", [world])
    if v.text(flat, "Units"):
        return
    rescale = v.text(group("PixelValueTransformationSequence"), "RescaleType").upper()
    unit = v.text(v.item(world, "MeasurementUnitsCodeSequence"), "CodeValue").upper()
    slope, said = v.number(flat, "RescaleSlope"), v.number(world, "RealWorldValueSlope")
    if rescale in _UNITS:
        _put(flat, "Units", _UNITS[rescale])
    elif unit == "BQ/ML" and slope and said and math.isclose(slope, said, rel_tol=1e-3):
        _put(flat, "Units", "BQML")


def _put(flat: Dataset, keyword: str, value: Any) -> None:
    # Not through an attribute: pydicom would check values that are judged later, by us.
    tag = v.tag_of(keyword)
    flat[tag] = DataElement(tag, dictionary_VR(tag), value, already_converted=True)
