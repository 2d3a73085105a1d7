"""Body surface area and the liver volume expected from it (clinical-rules 2)."""

from __future__ import annotations

import math
from typing import Literal

from netlm_imaging.clinical import Clinical
from netlm_imaging.errors import Notice

EtlvFormula = Literal["vauthey", "urata"]

PLAUSIBLE_BSA_M2 = (1.2, 2.6)
"""Adults, from very small to very large; outside, a formula volume is an extrapolation (ours)."""
PLAUSIBLE_WEIGHT_KG = (30.0, 250.0)
"""Adults (ours)."""


def bsa_mosteller_m2(*, height_cm: float, weight_kg: float) -> float:
    """Body surface area in m2 (Mosteller, N Engl J Med 1987)."""
    return math.sqrt(height_cm * weight_kg / 3600.0)


def bsa_dubois_m2(*, height_cm: float, weight_kg: float) -> float:
    """Body surface area in m2 (DuBois & DuBois, Arch Intern Med 1916)."""
    return float(0.007184 * weight_kg**0.425 * height_cm**0.725)


def etlv_vauthey_ml(bsa_m2: float) -> float | None:
    """Standard liver volume (Vauthey, Liver Transpl 2002); None where the line falls below zero."""
    volume_ml = -794.41 + 1267.28 * bsa_m2
    return volume_ml if volume_ml > 0 else None


def etlv_urata_ml(bsa_m2: float) -> float:
    """Standard liver volume (Urata, Hepatology 1995)."""
    return 706.2 * bsa_m2 + 2.4


def etlv_ml(clinical: Clinical, *, formula: EtlvFormula = "vauthey") -> float | None:
    """Standard liver volume in mL with Mosteller's BSA; None without height and weight.

    Vauthey's formula is the default; it gives None for bodies below 0.63 m2.
    """
    bsa_m2 = _bsa_m2(clinical)
    if bsa_m2 is None:
        return None
    return etlv_vauthey_ml(bsa_m2) if formula == "vauthey" else etlv_urata_ml(bsa_m2)


def body_size_notices(clinical: Clinical) -> tuple[Notice, ...]:
    """What the reader must know when a formula volume is missing or extrapolated."""
    checks = (_absent(clinical), _implausible_weight(clinical), _implausible_surface(clinical))
    return tuple(notice for notice in checks if notice is not None)


def _absent(clinical: Clinical) -> Notice | None:
    facts = {"height": clinical.height_cm, "weight": clinical.weight_kg}
    absent = " and ".join(name for name, value in facts.items() if value is None)
    message = f"Without {absent} there is no standardized remnant (sFLR)."
    return Notice(code="BODY_SIZE_UNKNOWN", message=message, where="clinical facts") if absent else None


def _implausible_weight(clinical: Clinical) -> Notice | None:
    low, high = PLAUSIBLE_WEIGHT_KG
    if clinical.weight_kg is None or low <= clinical.weight_kg <= high:
        return None
    message = (
        f"A weight of {clinical.weight_kg:g} kg is unusual in an adult; check it, the remnant limits use it."
    )
    return Notice(code="IMPLAUSIBLE_WEIGHT", message=message, where="clinical facts")


def _implausible_surface(clinical: Clinical) -> Notice | None:
    low, high = PLAUSIBLE_BSA_M2
    bsa_m2 = _bsa_m2(clinical)
    if bsa_m2 is None or low <= bsa_m2 <= high:
        return None
    volume_ml = etlv_vauthey_ml(bsa_m2)
    expected = "no standard liver volume" if volume_ml is None else f"a standard liver of {volume_ml:.0f} mL"
    message = (
        f"{clinical.height_cm:g} cm and {clinical.weight_kg:g} kg give a body surface of {bsa_m2:.2f} m2 and "
        f"{expected}; the formula is made for adults of {low} to {high} m2."
    )
    return Notice(code="IMPLAUSIBLE_BODY_SIZE", message=message, where="clinical facts")


def _bsa_m2(clinical: Clinical) -> float | None:
    if clinical.height_cm is None or clinical.weight_kg is None:
        return None
    return bsa_mosteller_m2(height_cm=clinical.height_cm, weight_kg=clinical.weight_kg)
