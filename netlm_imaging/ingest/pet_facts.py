"""What DICOM PET headers say, as the plain facts that suv.py works on."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from pydicom.dataset import Dataset

from netlm_imaging.ingest import values as v
from netlm_imaging.ingest.pet_times import Clock, clock_of, time_of_day
from netlm_imaging.ingest.radionuclides import radionuclide
from netlm_imaging.ingest.real_world import StudyMap, maps_of
from netlm_imaging.ingest.suv_facts import SliceFacts, SuvFacts

if TYPE_CHECKING:
    from netlm_imaging.ingest.header import Header

PRIVATE_BLOCKS = range(0x10, 0x20)
_PHILIPS, _GE = 0x7053, 0x0009
PET_TAGS: tuple[str | int, ...] = (
    "SpecificCharacterSet", "SOPInstanceUID", "Manufacturer", "TimezoneOffsetFromUTC",
    "Units", "SUVType", "DecayCorrection", "CorrectedImage", "RescaleSlope", "RescaleIntercept",
    "PatientWeight", "PatientSize", "PatientSex", "RadiopharmaceuticalInformationSequence",
    "SeriesDate", "SeriesTime", "AcquisitionDate", "AcquisitionTime", "AcquisitionDateTime",
    "DecayCorrectionDateTime", "FrameReferenceTime", "ActualFrameDuration", "RealWorldValueMappingSequence",
    *(group << 16 | block for group in (_GE, _PHILIPS) for block in PRIVATE_BLOCKS),
    *(_PHILIPS << 16 | block << 8 | element for block in PRIVATE_BLOCKS for element in (0x00, 0x09)),
    *(_GE << 16 | block << 8 | 0x0D for block in PRIVATE_BLOCKS),
)  # fmt: skip
"""All that ``facts_of`` looks at."""

_SAME_IN_ALL = (
    "Units", "SUVType", "DecayCorrection", "CorrectedImage", "PatientWeight", "PatientSize", "PatientSex",
    "SeriesDate", "SeriesTime", "TimezoneOffsetFromUTC", "DecayCorrectionDateTime",
)  # fmt: skip
_DRUG = (
    "RadionuclideTotalDose", "RadionuclideHalfLife", "RadiopharmaceuticalStartDateTime",
    "RadiopharmaceuticalStartTime",
)  # fmt: skip
_PHILIPS_CREATOR = "PHILIPS PET PRIVATE GROUP"
_GE_CREATOR = "GEMS_PETD_01"


def pet_facts(
    headers: Sequence[Header], *, first_acquired: datetime | None = None, maps: Sequence[StudyMap] = ()
) -> SuvFacts:
    """The facts of a PET series, from what its headers said when the folder was scanned."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        datasets = [h.pet for h in headers if h.pet is not None]
        return facts_of(datasets, first_acquired=first_acquired, maps=maps)


def facts_of(
    datasets: Sequence[Dataset], *, first_acquired: datetime | None = None, maps: Sequence[StudyMap] = ()
) -> SuvFacts:
    """The facts of PET datasets, one a slice; they need no more than PET_TAGS.

    ``first_acquired`` is the earliest acquisition of the whole series where the datasets are one part
    of it (a time frame). ``maps`` are the Real World Value maps that lie beside the images.
    """
    first = datasets[0]
    clock = clock_of(first)
    drug = v.item(first, "RadiopharmaceuticalInformationSequence")
    code = v.item(drug, "RadionuclideCodeSequence")
    nuclide = radionuclide(v.text(code, "CodeValue"), v.text(code, "CodeMeaning"))
    injected = v.text(drug, "RadiopharmaceuticalStartDateTime")
    return SuvFacts(
        slices=tuple(_slice(ds, clock) for ds in datasets),
        units=v.text(first, "Units").upper(),
        suv_type=v.text(first, "SUVType").upper(),
        corrected_image=v.texts(first, "CorrectedImage"),
        decay_correction=v.text(first, "DecayCorrection").upper(),
        weight_kg=v.number(first, "PatientWeight"),
        height_m=v.number(first, "PatientSize"),
        sex=v.text(first, "PatientSex").upper(),
        dose_bq=v.number(drug, "RadionuclideTotalDose"),
        half_life_s=v.number(drug, "RadionuclideHalfLife"),
        nuclide=nuclide.name if nuclide else "",
        injected=clock.moment(injected),
        injected_clock=time_of_day(v.text(drug, "RadiopharmaceuticalStartTime")),
        series=clock.of(first, "Series"),
        first_acquired=first_acquired,
        decay_reference=clock.moment(v.text(first, "DecayCorrectionDateTime")),
        ge_scan=_ge_scan(first, clock),
        doubtful_zone=clock.doubt(injected),
        creator_missing=_bare_philips(first),
        mixed=_mixed(datasets),
        maps=maps_of(datasets, maps),
    )


def _slice(ds: Dataset, clock: Clock) -> SliceFacts:
    slope = v.number(ds, "RescaleSlope")
    return SliceFacts(
        acquired=clock.of(ds, "Acquisition"),
        frame_reference_ms=v.number(ds, "FrameReferenceTime"),
        duration_ms=v.number(ds, "ActualFrameDuration"),
        philips_suv=_philips(ds, 0x00),
        philips_activity=_philips(ds, 0x09),
        slope=1.0 if slope is None else slope,
        intercept=v.number(ds, "RescaleIntercept") or 0.0,
    )


def _blocks(ds: Dataset, group: int, creator: str) -> list[int]:
    return [block for block in PRIVATE_BLOCKS if v.text(ds, group << 16 | block).upper() == creator]


def _bare_philips(ds: Dataset) -> bool:
    """Anonymizers drop the creator and leave its elements; another creator in its place is respected."""
    named = any((_PHILIPS << 16 | block) in ds for block in PRIVATE_BLOCKS)
    return not named and v.text(ds, "Manufacturer").upper().startswith("PHILIPS")


def _philips(ds: Dataset, element: int) -> float | None:
    """The factor of the Philips block; None where there is none, or several that differ."""
    blocks = _blocks(ds, _PHILIPS, _PHILIPS_CREATOR) or ([0x10] if _bare_philips(ds) else [])
    found = {v.number(ds, _PHILIPS << 16 | block << 8 | element) or 0.0 for block in blocks}
    factors = [factor for factor in found if math.isfinite(factor) and factor > 0]
    return factors[0] if len(factors) == 1 else None


def _ge_scan(ds: Dataset, clock: Clock) -> datetime | None:
    for block in _blocks(ds, _GE, _GE_CREATOR):
        moment = clock.moment(v.text(ds, _GE << 16 | block << 8 | 0x0D))
        if moment is not None:
            return moment
    return None


def _mixed(datasets: Sequence[Dataset]) -> tuple[str, ...]:
    """Attributes with more than one value over all slices and all drugs given."""
    given = [v.items(ds, "RadiopharmaceuticalInformationSequence") for ds in datasets]
    drugs = [drug for found in given for drug in found]
    names = [*_differing(datasets, _SAME_IN_ALL), *_differing(drugs, _DRUG)]
    if len({_drug_words(drug) for drug in drugs}) > 1:
        names.append("Radiopharmaceutical")
    if drugs and not all(given):
        names.append("RadiopharmaceuticalInformationSequence")
    return tuple(names)


def _drug_words(drug: Dataset) -> tuple[str, ...]:
    """Which drug it is."""
    codes = [v.item(drug, name) for name in ("RadiopharmaceuticalCodeSequence", "RadionuclideCodeSequence")]
    return v.text(drug, "Radiopharmaceutical"), *(v.text(code, "CodeValue") for code in codes)


def _differing(datasets: Iterable[Dataset], names: Sequence[str]) -> Iterable[str]:
    found = list(datasets)
    return [name for name in names if len({str(v.raw(ds, name)) for ds in found}) > 1]
