"""SUVbw from what a PET header says, as a pure function: the factor of each slice, or why there is none.

Sources: QIBA SUV pseudocode; IBSI/OncoRay reference objects; vendor headers.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime

from netlm_imaging.case import SuvRecord
from netlm_imaging.errors import Notice
from netlm_imaging.ingest.suv_check import check_maps
from netlm_imaging.ingest.suv_decay import elapsed_s, first_acquisition, half_life, injection, reference_time
from netlm_imaging.ingest.suv_facts import Finding, SuvFacts, span
from netlm_imaging.ingest.suv_mass import from_cm2ml, from_gml

LARGEST_WEIGHT_KG = 1000.0
"""Larger values are grams."""
SMALLEST_DOSE_BQ = 1e5
"""Smaller values are MBq."""
USUAL_WEIGHT_KG = (20.0, 300.0)
USUAL_DOSE_BQ = (1e6, 5e10)
"""Outside these a unit may be wrong (ours)."""
_CORRECTIONS = ("DECY", "ATTN", "SCAT", "DTIM", "MOTN", "PMOT", "CLN", "RAN", "RADL", "DCAL", "NORM")
_UNITS = (
    "CNTS", "NONE", "CM2", "CM2ML", "PCNT", "CPS", "BQML", "MGMINML", "UMOLMINML", "MLMING", "MLG", "1CM",
    "UMOLML", "PROPCNTS", "PROPCPS", "MLMINML", "MLML", "GML", "STDDEV",
)  # fmt: skip
"""DICOM PS3.3 C.8.9.1: no other word of a file is repeated."""
_REMEDY_MAP = (
    "A Real World Value map gives SUVbw for these images, but a map is not trusted without the header"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SuvFactors:
    """SUVbw = rescaled value times the factor of its slice."""

    factors: tuple[float, ...]
    record: SuvRecord
    notices: tuple[Notice, ...] = ()


def suv_factors(facts: SuvFacts) -> SuvFactors:
    """SUVbw per rescaled value, for each slice. Raises SuvUnavailable with all reasons."""
    finding = Finding()
    unit = facts.units if facts.units in _UNITS else ""
    _check_common(facts, finding)
    finding.inputs |= {
        "units": unit or None,
        "corrected_image": ", ".join(word for word in facts.corrected_image if word in _CORRECTIONS),
        **span("rescale_slope", [s.slope for s in facts.slices]),
    }
    path, factors = _by_unit(facts, _weight(facts, finding), finding)
    if not finding.faults and not all(math.isfinite(f) and f > 0 for f in factors):
        finding.fault("values that give a finite factor", "others")
    finding.stop(remedy=_REMEDY_MAP if facts.maps else "")
    finding.inputs |= span("factor", factors)
    check_maps(facts, factors, finding)
    record = SuvRecord(unit=unit, path=path, inputs=finding.inputs)
    return SuvFactors(factors=tuple(factors), record=record, notices=tuple(finding.notices))


def _by_unit(facts: SuvFacts, weight: float, finding: Finding) -> tuple[str, list[float]]:
    if facts.units == "GML":
        return from_gml(facts, weight, finding)
    if facts.units == "CM2ML":
        return from_cm2ml(facts, weight, finding)
    if facts.units == "BQML":
        return _from_activity(facts, weight, finding)
    if facts.units == "CNTS":
        return _from_counts(facts, weight, finding)
    found = facts.units if facts.units in _UNITS else "another unit" if facts.units else "no units"
    finding.fault("units BQML, GML, CM2ML, or CNTS with a Philips factor", found)
    return "", []


def _from_counts(facts: SuvFacts, weight: float, finding: Finding) -> tuple[str, list[float]]:
    """Philips counts, by one of its two factors."""
    suv = [s.philips_suv or 0.0 for s in facts.slices]
    activity = [s.philips_activity or 0.0 for s in facts.slices]
    if not (all(suv) or all(activity)):
        finding.fault("units BQML, GML, CM2ML, or CNTS with a Philips factor", "CNTS without one")
        return "", []
    if facts.creator_missing:
        finding.notice(
            "SUV_CREATOR_MISSING",
            "The Philips scale factors stand without the private creator that names them; "
            "they were read by their usual place",
        )
    if all(suv):
        finding.inputs |= span("philips_suv_factor", suv)
        return "CNTS times the Philips SUV factor (7053,xx00)", suv
    finding.inputs |= span("philips_activity_factor", activity)
    path, per_bq = _from_activity(facts, weight, finding)
    factors = [factor * scale for factor, scale in zip(per_bq, activity, strict=False)]
    return f"CNTS times the Philips activity factor (7053,xx09); {path}", factors


def _check_common(facts: SuvFacts, finding: Finding) -> None:
    if facts.mixed:
        finding.fault("the same values in all slices", f"{', '.join(facts.mixed)} that differ")
    if any(s.intercept != 0 for s in facts.slices):
        finding.fault("a rescale intercept of 0", "another one")
    if "ATTN" not in facts.corrected_image:
        finding.fault("attenuation correction (ATTN in CorrectedImage)", "none")
    if "DECY" not in facts.corrected_image and facts.decay_correction != "NONE":
        finding.fault("decay correction (DECY in CorrectedImage)", "none")
    if "DECY" in facts.corrected_image and facts.decay_correction == "NONE" and facts.units != "GML":
        finding.notice(
            "SUV_DECAY_DOUBTFUL",
            "CorrectedImage says decay-corrected, DecayCorrection says NONE; the latter counts",
        )


def _weight(facts: SuvFacts, finding: Finding) -> float:
    """Kilograms; 0 with a fault where unknown and needed."""
    needed = not (
        (facts.units == "GML" and facts.suv_type in ("", "BW"))
        or (facts.units == "CNTS" and all(s.philips_suv for s in facts.slices))
    )
    weight = facts.weight_kg or 0.0
    if not (math.isfinite(weight) and weight > 0):
        if needed:
            finding.fault("the patient's weight", "none")
        return 0.0
    if weight > LARGEST_WEIGHT_KG:
        finding.notice("SUV_WEIGHT_IN_GRAMS", f"Patient weight {weight:g} was read as grams")
        weight /= 1000.0
    if needed and not USUAL_WEIGHT_KG[0] <= weight <= USUAL_WEIGHT_KG[1]:
        finding.notice("SUV_WEIGHT_UNUSUAL", f"Patient weight {weight:g} kg")
    finding.inputs["weight_kg"] = weight
    return weight


def _dose(facts: SuvFacts, finding: Finding) -> float:
    dose = facts.dose_bq or 0.0
    if not (math.isfinite(dose) and dose > 0):
        finding.fault("the injected dose", "none")
        return 0.0
    if dose < SMALLEST_DOSE_BQ:
        finding.notice("SUV_DOSE_IN_MBQ", f"Injected dose {dose:g} was read as MBq")
        dose *= 1e6
    if not USUAL_DOSE_BQ[0] <= dose <= USUAL_DOSE_BQ[1]:
        finding.notice("SUV_DOSE_UNUSUAL", f"Injected dose {dose / 1e6:g} MBq")
    finding.inputs["dose_bq"] = dose
    return dose


def _from_activity(facts: SuvFacts, weight: float, finding: Finding) -> tuple[str, list[float]]:
    """Factors per Bq/mL."""
    dose = _dose(facts, finding)
    kind = facts.decay_correction
    if kind not in ("START", "ADMIN", "NONE"):
        finding.fault("DecayCorrection START, ADMIN or NONE", "another one" if kind else "none")
    finding.inputs["decay_correction"] = kind if kind in ("START", "ADMIN", "NONE") else None
    half_life_s = half_life(facts, finding, needed=kind != "ADMIN")
    injected = injection(facts, half_life_s, finding, needed=kind != "ADMIN")
    per_bq = weight * 1000 / dose if dose else 0.0
    if kind == "ADMIN":
        return _to_injection(facts, injected, half_life_s, per_bq, finding)
    if injected is None or not half_life_s or kind not in ("START", "NONE"):
        _check_times(facts, finding)
        return "", []
    if kind == "NONE":
        return _uncorrected(facts, injected, half_life_s, per_bq, finding)
    rate = math.log(2) / half_life_s
    reference, rule = reference_time(facts, rate, finding)
    if reference is None:
        return "", []
    waited = elapsed_s([reference], injected, half_life_s, finding)[0]
    factor = 0.0 if finding.faults else per_bq * math.exp(rate * waited)
    return f"Bq/mL decay-corrected to scan start ({rule})", [factor] * len(facts.slices)


def _check_times(facts: SuvFacts, finding: Finding) -> None:
    """All reasons at once: the times too where something before them already failed."""
    if first_acquisition(facts) is None and facts.decay_reference is None:
        finding.fault("acquisition date and time of every image", "images without")


def _to_injection(
    facts: SuvFacts, injected: datetime | None, half_life_s: float, per_bq: float, finding: Finding
) -> tuple[str, list[float]]:
    """Nothing is left to correct; the times are only checked, where they are known."""
    first = first_acquisition(facts)
    if injected is not None and first is not None:
        elapsed_s([first], injected, half_life_s, finding)
    return "Bq/mL decay-corrected to injection", [per_bq] * len(facts.slices)


def _uncorrected(
    facts: SuvFacts, injected: datetime, half_life_s: float, per_bq: float, finding: Finding
) -> tuple[str, list[float]]:
    """Each slice from its own start, and for the decay during its frame."""
    rate = math.log(2) / half_life_s
    starts = [s.acquired for s in facts.slices if s.acquired is not None]
    durations = [s.duration_ms / 1000 for s in facts.slices if s.duration_ms and 0 < s.duration_ms < math.inf]
    if min(len(starts), len(durations)) < len(facts.slices):
        finding.fault("start and duration of every frame (DecayCorrection NONE)", "one without")
        return "", []
    finding.inputs |= span("frame_duration_s", durations)
    waited = elapsed_s(starts, injected, half_life_s, finding)
    if finding.faults:
        return "", []
    frames = [rate * duration for duration in durations]
    factors = [
        per_bq * frame / -math.expm1(-frame) * math.exp(rate * wait)
        for frame, wait in zip(frames, waited, strict=True)
    ]
    return "Bq/mL without decay correction, each slice from its own start", factors
