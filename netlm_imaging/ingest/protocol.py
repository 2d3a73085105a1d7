"""How an image was made, as its header says: what roles are told from."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from pydicom.dataset import Dataset

from netlm_imaging.ingest import values as v

_DAYS = ("AcquisitionDate", "AcquisitionDateTime", "SeriesDate", "StudyDate")
"""Where the day of an acquisition stands, the closest first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Protocol:
    """How the image was made: what roles are told from."""

    scanning_sequence: tuple[str, ...] = ()
    sequence_variant: tuple[str, ...] = ()
    scan_options: tuple[str, ...] = ()
    acquisition_type: str = ""
    repetition_ms: float | None = None
    inversion_ms: float | None = None
    flip_degrees: float | None = None
    contrast_agent: str = field(default="", repr=False)
    contrast_codes: tuple[str, ...] = ()
    contrast_start: datetime | None = None
    words: tuple[str, str, str] = field(default=("", "", ""), repr=False)
    """Series description, name of the protocol (where it is the series' own) and of the sequence, as they
    stand: for roles, never shown."""
    exam_words: str = field(default="", repr=False)
    """What is said of the whole exam: also never shown."""
    kernel: str = ""
    """ConvolutionKernel of a CT."""
    units: str = ""
    corrected_image: tuple[str, ...] = ()
    nuclide: str = ""
    tracer: str = ""
    tracer_codes: tuple[str, ...] = ()


def read_protocol(ds: Dataset) -> Protocol:
    """The protocol of a classic image, or of a frame in classic words."""
    agents = [v.text(ds, "ContrastBolusAgent"), v.text(ds, "ContrastBolusIngredient")]
    agent_codes = v.items(ds, "ContrastBolusAgentSequence")
    drug = v.item(ds, "RadiopharmaceuticalInformationSequence")
    drug_codes = v.items(drug, "RadiopharmaceuticalCodeSequence")
    nuclide = v.item(drug, "RadionuclideCodeSequence")
    # GE writes the protocol of the whole exam into every series.
    whole_exam = v.text(ds, "Manufacturer").upper().startswith("GE")
    protocol, exam = v.text(ds, "ProtocolName"), v.text(ds, "StudyDescription")
    return Protocol(
        scanning_sequence=v.texts(ds, "ScanningSequence"),
        sequence_variant=v.texts(ds, "SequenceVariant"),
        scan_options=v.texts(ds, "ScanOptions"),
        acquisition_type=v.text(ds, "MRAcquisitionType").upper(),
        repetition_ms=v.number(ds, "RepetitionTime"),
        inversion_ms=v.number(ds, "InversionTime"),
        flip_degrees=v.number(ds, "FlipAngle"),
        contrast_agent=" ".join([*agents, *_code_texts(agent_codes, "CodeMeaning")]).strip(),
        contrast_codes=_code_texts(agent_codes, "CodeValue"),
        contrast_start=_contrast_start(ds),
        words=(v.text(ds, "SeriesDescription"), "" if whole_exam else protocol, v.text(ds, "SequenceName")),
        exam_words=f"{exam} {protocol}" if whole_exam else exam,
        kernel=next(iter(v.texts(ds, "ConvolutionKernel")), ""),
        units=v.text(ds, "Units").upper(),
        corrected_image=v.texts(ds, "CorrectedImage"),
        nuclide=f"{v.text(nuclide, 'CodeValue')} {v.text(nuclide, 'CodeMeaning')}".strip(),
        tracer=" ".join(
            [v.text(drug, "Radiopharmaceutical"), *_code_texts(drug_codes, "CodeMeaning")]
        ).strip(),
        tracer_codes=_code_texts(drug_codes, "CodeValue"),
    )


def _contrast_start(ds: Dataset) -> datetime | None:
    """ContrastBolusStartTime on the day of the acquisition."""
    start = v.text(ds, "ContrastBolusStartTime")
    days = (v.text(ds, name)[:8] for name in _DAYS)
    day = next((day for day in days if day), "")
    return v.date_time(day + start) if start and day else None


def _code_texts(codes: tuple[Dataset, ...], name: str) -> tuple[str, ...]:
    return tuple(text for code in codes if (text := v.text(code, name)))
