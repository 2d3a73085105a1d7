"""PET stored as SUV by another mass than the body's weight, or by body surface, to SUVbw."""

from __future__ import annotations

import math
from collections.abc import Callable

from netlm_imaging.ingest.suv_facts import Finding, SuvFacts

LARGEST_HEIGHT_M = 3.0
"""Larger values are centimeters."""
SMALLEST_HEIGHT_M = 0.3
SUV_TYPES = frozenset({"BW", "BSA", "LBM", "LBMJAMES128", "LBMJANMA", "IBW"})
"""DICOM PS3.3 C.8.9.1, SUVType."""

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


def from_gml(facts: SuvFacts, weight: float, finding: Finding) -> tuple[str, list[float]]:
    """Path and factors of PET stored as SUV by some mass (Units GML)."""
    count = len(facts.slices)
    kind = facts.suv_type
    finding.inputs["suv_type"] = kind if kind in SUV_TYPES else None
    if kind in ("", "BW"):
        return "stored as SUVbw", [1.0] * count
    if kind not in _MASSES:
        found = kind if kind in SUV_TYPES else "another one"
        finding.fault("SUVType BW, LBM, LBMJAMES128, LBMJANMA or IBW", found)
        return "", []
    height_m = _height(facts, finding)
    if not (weight > 0 and height_m > 0):
        return "", []
    mass = _mass(kind, facts.sex, weight, height_m * 100)
    if mass is None or mass <= 0:
        sex = facts.sex if facts.sex in ("M", "F", "O") else "none"
        finding.fault("a sex and body size for which the mass is defined", f"sex {sex}")
        return "", []
    finding.inputs |= {"sex": facts.sex, "mass_kg": mass}
    return f"stored as SUV by {kind}; times weight / mass", [weight / mass] * count


def _mass(kind: str, sex: str, weight: float, height_cm: float) -> float | None:
    male, female = (formula(weight, height_cm) for formula in _MASSES[kind])
    # Sex O (other): the mean of both, as the IBSI reference objects have it.
    by_sex = {"M": male, "F": female, "O": (male + female) / 2}
    return by_sex.get(sex)


def from_cm2ml(facts: SuvFacts, weight: float, finding: Finding) -> tuple[str, list[float]]:
    """Path and factors of PET stored as SUV by body surface area (Units CM2ML)."""
    height_m = _height(facts, finding)
    if not (weight > 0 and height_m > 0):
        return "", []
    surface_cm2 = 0.007184 * weight**0.425 * (height_m * 100) ** 0.725 * 1e4  # DuBois 1916
    finding.inputs["body_surface_cm2"] = surface_cm2
    factor = weight * 1000 / surface_cm2
    return "stored as SUV by body surface (DuBois); times weight / surface", [factor] * len(facts.slices)


def _height(facts: SuvFacts, finding: Finding) -> float:
    """Meters; 0 with a fault where unknown or impossible."""
    height_m = facts.height_m or 0.0
    if LARGEST_HEIGHT_M < height_m < math.inf:
        finding.notice("SUV_HEIGHT_IN_CM", f"Patient size {height_m:g} was read as centimeters")
        height_m /= 100
    if not SMALLEST_HEIGHT_M <= height_m <= LARGEST_HEIGHT_M:
        found = f"{facts.height_m:g}" if facts.height_m else "none"
        finding.fault("the patient's height, for the mass or surface that SUV is stored by", found)
        return 0.0
    finding.inputs["height_m"] = height_m
    return height_m
