"""SUVbw from what a PET header says, as a pure function: the factor of each slice, or why there is none.

Sources: QIBA SUV pseudocode; IBSI/OncoRay reference objects; vendor headers. Every time is local.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from netlm_imaging.case import SuvRecord
from netlm_imaging.errors import Fault, Notice, SuvUnavailable

LARGEST_WEIGHT_KG = 1000.0
"""Larger values are grams."""
SMALLEST_DOSE_BQ = 1e5
"""Smaller values are MBq."""
HALF_LIFE_TOLERANCE = 0.01
REFERENCE_TOLERANCE = 0.01
LONG_HALF_LIVES = 8.0
ONE_DAY_S = 86_400.0
HALF_LIVES_S = {"Ga-68": 4062.6, "Cu-64": 45723.6, "F-18": 6586.2, "Lu-177": 6.647 * 86400}
"""For checks only (clinical-rules 5): the header's own value is used."""
PHILIPS_CREATOR = "PHILIPS PET PRIVATE GROUP"


@dataclass(frozen=True, slots=True, kw_only=True)
class SliceFacts:
    """What may differ from slice to slice."""

    acquired: datetime | None = None
    frame_reference_ms: float | None = None
    duration_ms: float | None = None
    philips_suv: float | None = None
    """(7053,xx00): SUV per rescaled value."""
    philips_activity: float | None = None
    """(7053,xx09): Bq/mL per rescaled value."""
    intercept: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class SuvFacts:
    """What a PET series says of its unit, patient, dose and times."""

    slices: tuple[SliceFacts, ...]
    units: str
    suv_type: str = ""
    corrected_image: tuple[str, ...] = ()
    decay_correction: str = ""
    weight_kg: float | None = None
    height_m: float | None = None
    sex: str = ""
    dose_bq: float | None = None
    half_life_s: float | None = None
    nuclide: str = ""
    """Such as ``Ga-68``; empty where the code is unknown."""
    injected: datetime | None = None
    """RadiopharmaceuticalStartDateTime."""
    injected_clock: timedelta | None = None
    """RadiopharmaceuticalStartTime: time of day without a date."""
    series: datetime | None = None
    ge_scan: datetime | None = None
    """(0009,xx0D) of GE."""
    mixed: tuple[str, ...] = ()
    """Names of attributes that differ between slices and must not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SuvFactors:
    """SUVbw = rescaled value times the factor of its slice."""

    factors: tuple[float, ...]
    record: SuvRecord
    notices: tuple[Notice, ...] = ()


@dataclass(slots=True)
class _Finding:
    """What is gathered on the way."""

    inputs: dict[str, float | str | None] = field(default_factory=dict)
    notices: list[Notice] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)

    def fault(self, expected: str, found: str) -> None:
        self.faults.append(Fault(code="SUV_UNAVAILABLE", expected=expected, found=found))

    def notice(self, code: str, message: str) -> None:
        self.notices.append(Notice(code=code, message=message))

    def stop(self) -> None:
        if self.faults:
            raise SuvUnavailable(*self.faults)


def suv_factors(facts: SuvFacts) -> SuvFactors:
    """SUVbw per rescaled value, for each slice. Raises SuvUnavailable with all reasons."""
    finding = _Finding()
    _check_common(facts, finding)
    weight = _weight(facts, finding)
    unit = facts.units
    finding.inputs["units"] = unit
    if unit == "GML":
        path, factors = _from_gml(facts, weight, finding)
    elif unit == "CM2ML":
        path, factors = _from_cm2ml(facts, weight, finding)
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


def _check_common(facts: SuvFacts, finding: _Finding) -> None:
    if facts.mixed:
        finding.fault("the same values in all slices", f"{', '.join(facts.mixed)} that differ")
    if any(s.intercept != 0 for s in facts.slices):
        finding.fault("a rescale intercept of 0", "another one")
    if "ATTN" not in facts.corrected_image:
        finding.fault("attenuation correction (ATTN in CorrectedImage)", "none")
    if "DECY" not in facts.corrected_image and facts.decay_correction != "NONE":
        finding.fault("decay correction (DECY in CorrectedImage)", "none")


def _weight(facts: SuvFacts, finding: _Finding) -> float:
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


def _from_gml(facts: SuvFacts, weight: float, finding: _Finding) -> tuple[str, list[float]]:
    count = len(facts.slices)
    kind = facts.suv_type
    if kind in ("", "BW"):
        return "stored as SUVbw", [1.0] * count
    if kind not in _MASSES:
        finding.fault("SUVType BW, LBM, LBMJAMES128, LBMJANMA or IBW", kind)
        return "", []
    if not facts.height_m:
        finding.fault("the patient's height, to turn lean or ideal mass into weight", "none")
        return "", []
    finding.inputs |= {"height_m": facts.height_m, "sex": facts.sex or None, "suv_type": kind}
    if weight <= 0:
        return "", []
    mass = _mass(kind, facts.sex, weight, facts.height_m * 100)
    if mass is None or mass <= 0:
        finding.fault("a sex and body size for which the mass is defined", facts.sex or "no sex")
        return "", []
    finding.inputs["mass_kg"] = mass
    return f"stored as SUV by {kind}; times weight / mass", [weight / mass] * count


_MASSES: dict[str, tuple[Callable[[float, float], float], Callable[[float, float], float]]] = {
    # (male, female): kg from weight [kg] and height [cm]; DICOM CID 85 and the sources it names
    "LBM": (
        lambda w, h: 1.10 * w - 120 * (w / h) ** 2,
        lambda w, h: 1.07 * w - 148 * (w / h) ** 2,
    ),
    "LBMJAMES128": (
        lambda w, h: 1.10 * w - 128 * (w / h) ** 2,
        lambda w, h: 1.07 * w - 148 * (w / h) ** 2,
    ),
    "LBMJANMA": (
        lambda w, h: 9270 * w / (6680 + 216 * w / (h / 100) ** 2),
        lambda w, h: 9270 * w / (8780 + 244 * w / (h / 100) ** 2),
    ),
    "IBW": (lambda w, h: 48.0 + 1.06 * (h - 152), lambda w, h: 45.5 + 0.91 * (h - 152)),
}


def _mass(kind: str, sex: str, weight: float, height_cm: float) -> float | None:
    male, female = (formula(weight, height_cm) for formula in _MASSES[kind])
    # Sex O (other): the mean of both, as the IBSI reference objects have it.
    by_sex = {"M": male, "F": female, "O": (male + female) / 2}
    return by_sex.get(sex)


def _from_cm2ml(facts: SuvFacts, weight: float, finding: _Finding) -> tuple[str, list[float]]:
    if not facts.height_m:
        finding.fault("the patient's height, to turn body surface into weight", "none")
        return "", []
    surface_cm2 = 0.007184 * weight**0.425 * (facts.height_m * 100) ** 0.725 * 1e4  # DuBois 1916
    finding.inputs |= {"height_m": facts.height_m, "body_surface_cm2": surface_cm2}
    factor = weight * 1000 / surface_cm2 if surface_cm2 > 0 else 0.0
    return "stored as SUV by body surface (DuBois); times weight / surface", [factor] * len(facts.slices)


def _from_activity(facts: SuvFacts, weight: float, finding: _Finding) -> tuple[str, list[float]]:
    """Factors per Bq/mL."""
    dose = _dose(facts, finding)
    half_life = _half_life(facts, finding)
    kind = facts.decay_correction
    if kind not in ("START", "ADMIN", "NONE"):
        finding.fault("DecayCorrection START, ADMIN or NONE", kind or "none")
    if finding.faults:
        return "", []
    decay = math.log(2) / half_life
    finding.inputs["decay_correction"] = kind
    if kind == "ADMIN":
        return "Bq/mL decay-corrected to injection", [weight * 1000 / dose] * len(facts.slices)
    starts = [s.acquired for s in facts.slices]
    reference, rule = _reference_time(facts, decay, finding)
    injected = _injection(facts, finding)
    if finding.faults or reference is None or injected is None:
        return "", []
    if kind == "START":
        elapsed = _elapsed(reference, injected, half_life, finding)
        factor = weight * 1000 / (dose * math.exp(-decay * elapsed))
        return f"Bq/mL decay-corrected to scan start ({rule})", [factor] * len(facts.slices)
    factors = []
    for s, start in zip(facts.slices, starts, strict=True):
        if start is None or not s.duration_ms or s.duration_ms <= 0:
            finding.fault("start and duration of every frame (DecayCorrection NONE)", "one without")
            return "", []
        elapsed = _elapsed(start, injected, half_life, finding if s is facts.slices[0] else _Finding())
        frame = decay * s.duration_ms / 1000
        factors.append(frame / -math.expm1(-frame) * weight * 1000 / (dose * math.exp(-decay * elapsed)))
    return "Bq/mL without decay correction, each slice from its own start", factors


def _dose(facts: SuvFacts, finding: _Finding) -> float:
    dose = facts.dose_bq or 0.0
    if not (math.isfinite(dose) and dose > 0):
        finding.fault("the injected dose", "none")
        return 0.0
    if dose < SMALLEST_DOSE_BQ:
        finding.notice("SUV_DOSE_IN_MBQ", f"Injected dose {dose:g} was read as MBq")
        dose *= 1e6
    finding.inputs["dose_bq"] = dose
    return dose


def _half_life(facts: SuvFacts, finding: _Finding) -> float:
    half_life = facts.half_life_s or 0.0
    if not (math.isfinite(half_life) and half_life > 0):
        finding.fault("the radionuclide's half-life", "none")
        return 0.0
    known = HALF_LIVES_S.get(facts.nuclide)
    if known is not None and abs(half_life / known - 1) > HALF_LIFE_TOLERANCE:
        finding.notice(
            "SUV_HALF_LIFE", f"Half-life {half_life:g} s in the header; {facts.nuclide} has {known:g} s"
        )
    finding.inputs |= {"half_life_s": half_life, "nuclide": facts.nuclide or None}
    return half_life


def _reference_time(facts: SuvFacts, decay: float, finding: _Finding) -> tuple[datetime | None, str]:
    """The moment to which the scanner decay-corrected (DecayCorrection START)."""
    timed = [s for s in facts.slices if s.acquired is not None]
    earliest = min(timed, key=lambda s: s.acquired or datetime.max, default=None)
    acquired = earliest.acquired if earliest else None
    candidates: list[tuple[str, datetime]] = []
    if facts.series is not None and (acquired is None or facts.series <= acquired):
        candidates.append(("series time", facts.series))
    if facts.ge_scan is not None:
        candidates.append(("GE scan time", facts.ge_scan))
    if earliest is not None and acquired is not None:
        offset = _frame_offset(earliest, decay)
        if offset is not None:
            candidates.append(("frame reference time", acquired + offset))
        candidates.append(("earliest acquisition", acquired))
    if not candidates:
        finding.fault("a series or acquisition date and time", "none")
        return None, ""
    rule, reference = candidates[0]
    finding.inputs |= {"reference_rule": rule}
    for other, moment in candidates[1:]:
        apart = abs((moment - reference).total_seconds())
        change = math.expm1(decay * min(apart, ONE_DAY_S))
        # Further apart than a day: an anonymizer shifted one of the dates and not the other.
        if change > REFERENCE_TOLERANCE and apart < ONE_DAY_S:
            finding.notice(
                "SUV_REFERENCE_TIME",
                f"SUV uses the {rule}; the {other} would change it by {change:.1%}",
            )
    return reference, rule


def _frame_offset(s: SliceFacts, decay: float) -> timedelta | None:
    if not s.frame_reference_ms or s.frame_reference_ms <= 0 or not s.duration_ms or s.duration_ms <= 0:
        return None
    frame = decay * s.duration_ms / 1000
    mean_activity_s = math.log(frame / -math.expm1(-frame)) / decay
    return timedelta(seconds=mean_activity_s - s.frame_reference_ms / 1000)


def _injection(facts: SuvFacts, finding: _Finding) -> datetime | None:
    if facts.injected is not None:
        return facts.injected
    first = min((s.acquired for s in facts.slices if s.acquired is not None), default=None)
    if facts.injected_clock is None or first is None:
        finding.fault("the time of injection", "none")
        return None
    injected = datetime(first.year, first.month, first.day) + facts.injected_clock
    return injected - timedelta(days=1) if injected > first else injected


def _elapsed(reference: datetime, injected: datetime, half_life: float, finding: _Finding) -> float:
    seconds = (reference - injected).total_seconds()
    finding.inputs["seconds_from_injection"] = seconds
    if seconds < 0:
        finding.fault("an injection before the scan", f"one {-seconds:.0f} s after it")
    elif seconds > LONG_HALF_LIVES * half_life:
        finding.notice(
            "SUV_LATE_SCAN", f"The scan lies {seconds / half_life:.1f} half-lives after the injection"
        )
    return seconds
