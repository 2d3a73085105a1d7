"""What DICOM PET headers say, as the plain facts that suv.py works on."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime, timedelta

from pydicom.dataset import Dataset

from netlm_imaging.ingest import values as v
from netlm_imaging.ingest.header import Header, quiet
from netlm_imaging.ingest.suv_facts import SliceFacts, SuvFacts

_SAME_IN_ALL = (
    "Units", "SUVType", "DecayCorrection", "PatientWeight", "SeriesDate", "SeriesTime", "CorrectedImage",
)  # fmt: skip
_PHILIPS_CREATOR = "PHILIPS PET PRIVATE GROUP"
_GE_CREATOR = "GEMS_PETD_01"
_NUCLIDES = {
    # SNOMED RT, SNOMED CT and code meanings (DICOM CID 4020)
    "Ga-68": ("C-131A3", "129966001", "68GALLIUM", "GALLIUM68", "GA68", "68GA"),
    "Cu-64": ("C-127A2", "129966007", "64COPPER", "COPPER64", "CU64", "64CU"),
    "F-18": ("C-111A1", "77004003", "18FLUORINE", "FLUORINE18", "F18", "18F"),
    "Lu-177": ("C-16331", "177LUTETIUM", "LUTETIUM177", "LU177", "177LU"),
}


def pet_facts(headers: Sequence[Header]) -> SuvFacts:
    """The facts of a PET series, from what its headers said when they were read."""
    with quiet():
        return facts_of([h.pet for h in headers if h.pet is not None])


def facts_of(datasets: Sequence[Dataset]) -> SuvFacts:
    """The facts of PET datasets, one a slice."""
    first = datasets[0]
    drug = v.item(first, "RadiopharmaceuticalInformationSequence")
    injected = v.text(drug, "RadiopharmaceuticalStartDateTime")
    local = v.zone(first)
    return SuvFacts(
        slices=tuple(_slice(ds) for ds in datasets),
        units=v.text(first, "Units").upper(),
        suv_type=v.text(first, "SUVType").upper(),
        corrected_image=v.texts(first, "CorrectedImage"),
        decay_correction=v.text(first, "DecayCorrection").upper(),
        weight_kg=v.number(first, "PatientWeight"),
        height_m=v.number(first, "PatientSize"),
        sex=v.text(first, "PatientSex").upper(),
        dose_bq=v.number(drug, "RadionuclideTotalDose"),
        half_life_s=v.number(drug, "RadionuclideHalfLife"),
        nuclide=_nuclide(drug),
        injected=v.date_time(injected, local) if injected else None,
        injected_clock=_clock(v.text(drug, "RadiopharmaceuticalStartTime")),
        series=v.date_and_time(first, "Series"),
        ge_scan=_ge_scan(first, local),
        mixed=_mixed(datasets),
    )


def _slice(ds: Dataset) -> SliceFacts:
    return SliceFacts(
        acquired=v.date_and_time(ds, "Acquisition"),
        frame_reference_ms=v.number(ds, "FrameReferenceTime"),
        duration_ms=v.number(ds, "ActualFrameDuration"),
        philips_suv=_philips(ds, 0x00),
        philips_activity=_philips(ds, 0x09),
        intercept=v.number(ds, "RescaleIntercept") or 0.0,
    )


def _nuclide(drug: Dataset) -> str:
    code = v.item(drug, "RadionuclideCodeSequence")
    said = [v.text(code, "CodeValue"), re.sub(r"[^A-Z0-9]", "", v.text(code, "CodeMeaning").upper())]
    return next((name for name, codes in _NUCLIDES.items() if any(s in codes for s in said if s)), "")


def _clock(value: str) -> timedelta | None:
    moment = v.date_time("20000101" + value) if value else None
    return None if moment is None else moment - datetime(2000, 1, 1)


def _blocks(ds: Dataset, group: int, creator: str) -> list[int]:
    found = []
    for block in range(0x10, 0x100):
        if v.text(ds, (group << 16) | block).upper() == creator:
            found.append(block)
    return found


def _philips(ds: Dataset, element: int) -> float | None:
    blocks = _blocks(ds, 0x7053, _PHILIPS_CREATOR)
    if not blocks and v.text(ds, "Manufacturer").upper().startswith("PHILIPS") and 0x70530010 not in ds:
        blocks = [0x10]  # anonymizers drop the creator and leave its elements
    found = (v.number(ds, (0x7053 << 16) | (block << 8) | element) for block in blocks)
    return next((value for value in found if value), None)


def _ge_scan(ds: Dataset, local: timedelta | None) -> datetime | None:
    for block in _blocks(ds, 0x0009, _GE_CREATOR):
        value = v.text(ds, (0x0009 << 16) | (block << 8) | 0x0D)
        if value:
            return v.date_time(value, local)
    return None


def _mixed(datasets: Sequence[Dataset]) -> tuple[str, ...]:
    drugs = [v.item(ds, "RadiopharmaceuticalInformationSequence") for ds in datasets]
    doses = {v.number(drug, "RadionuclideTotalDose") for drug in drugs}
    names = [name for name in _SAME_IN_ALL if len({str(v.raw(ds, name)) for ds in datasets}) > 1]
    return (*names, "RadionuclideTotalDose") if len(doses) > 1 else tuple(names)
