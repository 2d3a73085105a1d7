"""SUVbw from what a PET header says, as a pure function: the factor of each slice, or why there is none.

Sources: QIBA SUV pseudocode; IBSI/OncoRay reference objects; vendor headers. Every time is local.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime

from netlm_imaging.case import SuvRecord
from netlm_imaging.errors import Notice
from netlm_imaging.ingest.suv_decay import elapsed_s, half_life, injection, reference_time
from netlm_imaging.ingest.suv_facts import Finding, SuvFacts
from netlm_imaging.ingest.suv_mass import from_cm2ml, from_gml

LARGEST_WEIGHT_KG = 1000.0
"""Larger values are grams."""
SMALLEST_DOSE_BQ = 1e5
"""Smaller values are MBq."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SuvFactors:
    """SUVbw = rescaled value times the factor of its slice."""

    factors: tuple[float, ...]
    record: SuvRecord
    notices: tuple[Notice, ...] = ()


def suv_factors(facts: SuvFacts) -> SuvFactors:
    """SUVbw per rescaled value, for each slice. Raises SuvUnavailable with all reasons."""
    finding = Finding()
    _check_common(facts, finding)
    weight = _weight(facts, finding)
    unit = facts.units
    finding.inputs["units"] = unit
    if unit == "GML":
        path, factors = from_gml(facts, weight, finding)
    elif unit == "CM2ML":
        path, factors = from_cm2ml(facts, weight, finding)
    elif unit == "CNTS" and all(s.philips_suv for s in facts.slices):
        path = "CNTS times the Philips SUV factor (7053,xx00)"
        factors = [s.philips_suv or 0.0 for s in facts.slices]
        finding.inputs["philips_suv_factor"] = factors[0] if factors else None
    elif unit == "CNTS" and all(s.philips_activity for s in facts.slices):
        path, per_bq = _from_activity(facts, weight, finding)
        path = f"CNTS times the Philips activity factor (7053,xx09); {path}"
        scales = [s.philips_activity or 0.0 for s in facts.slices]
        factors = [f * a for f, a in zip(per_bq, scales, strict=False)]
        finding.inputs["philips_activity_factor"] = scales[0]
    elif unit == "BQML":
        path, factors = _from_activity(facts, weight, finding)
    else:
        finding.fault("units BQML, GML, CM2ML, or CNTS with a Philips factor", unit or "no units")
        path, factors = "", []
    finding.stop()
    record = SuvRecord(unit=unit, path=path, inputs=finding.inputs)
    return SuvFactors(factors=tuple(factors), record=record, notices=tuple(finding.notices))


def _check_common(facts: SuvFacts, finding: Finding) -> None:
    if facts.mixed:
        finding.fault("the same values in all slices", f"{', '.join(facts.mixed)} that differ")
    if any(s.intercept != 0 for s in facts.slices):
        finding.fault("a rescale intercept of 0", "another one")
    if "ATTN" not in facts.corrected_image:
        finding.fault("attenuation correction (ATTN in CorrectedImage)", "none")
    if "DECY" not in facts.corrected_image and facts.decay_correction != "NONE":
        finding.fault("decay correction (DECY in CorrectedImage)", "none")


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
    finding.inputs["weight_kg"] = weight
    return weight


def _from_activity(facts: SuvFacts, weight: float, finding: Finding) -> tuple[str, list[float]]:
    """Factors per Bq/mL."""
    dose = _dose(facts, finding)
    kind = facts.decay_correction
    finding.inputs["decay_correction"] = kind or None
    per_bq = weight * 1000 / dose if dose else 0.0
    count = len(facts.slices)
    if kind == "ADMIN":
        return "Bq/mL decay-corrected to injection", [per_bq] * count
    if kind not in ("START", "NONE"):
        finding.fault("DecayCorrection START, ADMIN or NONE", kind or "none")
        return "", []
    half_life_s = half_life(facts, finding)
    injected = injection(facts, finding)
    if finding.faults or injected is None:
        return "", []
    rate = math.log(2) / half_life_s
    if kind == "NONE":
        return _uncorrected(facts, injected, half_life_s, per_bq, finding)
    reference, rule = reference_time(facts, rate, finding)
    if reference is None:
        return "", []
    waited = elapsed_s([reference], injected, half_life_s, finding)[0]
    return f"Bq/mL decay-corrected to scan start ({rule})", [per_bq * math.exp(rate * waited)] * count


def _uncorrected(
    facts: SuvFacts, injected: datetime, half_life_s: float, per_bq: float, finding: Finding
) -> tuple[str, list[float]]:
    """Each slice from its own start, and for the decay during its frame."""
    rate = math.log(2) / half_life_s
    starts = [s.acquired for s in facts.slices if s.acquired is not None]
    frames = [rate * s.duration_ms / 1000 for s in facts.slices if s.duration_ms and s.duration_ms > 0]
    if min(len(starts), len(frames)) < len(facts.slices):
        finding.fault("start and duration of every frame (DecayCorrection NONE)", "one without")
        return "", []
    waited = elapsed_s(starts, injected, half_life_s, finding)
    factors = [
        per_bq * frame / -math.expm1(-frame) * math.exp(rate * wait)
        for frame, wait in zip(frames, waited, strict=True)
    ]
    return "Bq/mL without decay correction, each slice from its own start", factors


def _dose(facts: SuvFacts, finding: Finding) -> float:
    dose = facts.dose_bq or 0.0
    if not (math.isfinite(dose) and dose > 0):
        finding.fault("the injected dose", "none")
        return 0.0
    if dose < SMALLEST_DOSE_BQ:
        finding.notice("SUV_DOSE_IN_MBQ", f"Injected dose {dose:g} was read as MBq")
        dose *= 1e6
    finding.inputs["dose_bq"] = dose
    return dose
