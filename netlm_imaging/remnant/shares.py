"""The remnant in all its denominators, and what is said when it is small."""

from __future__ import annotations

from netlm_imaging.clinical import Clinical
from netlm_imaging.errors import Notice
from netlm_imaging.remnant.body import etlv_ml
from netlm_imaging.remnant.records import Remnant

LOW_PLATELETS_BODY_WEIGHT_PERCENT = 0.55
"""With platelets below 140: liver failure in 9 of 12 (Navarro 2020)."""
GRAFT_BODY_WEIGHT_PERCENT = 0.8
"""A limit for living-donor grafts (J Gastrointest Surg 2021, s11605-020-04598-3), not for remnants."""


def remnant(flr_ml: float, *, functional_ml: float, clinical: Clinical) -> Remnant:
    """``flr_ml`` as percent of functional liver, of standard liver volume and of body weight.

    A share whose inputs are not known is None; a measured ratio is never called standardized.
    1 mL is taken as 1 g, which holds for liver without blood; masks that include vessels overstate
    mass by about 9.5 %. A liver without functional parenchyma has a remnant of 0 %.
    """
    standard_ml = etlv_ml(clinical)
    weight_kg = clinical.weight_kg
    return Remnant(
        flr_ml=flr_ml,
        flr_percent=100.0 * flr_ml / functional_ml if functional_ml > 0 else 0.0,
        sflr_percent=None if standard_ml is None else 100.0 * flr_ml / standard_ml,
        flr_body_weight_percent=None if weight_kg is None else 100.0 * flr_ml / (1000.0 * weight_kg),
    )


def remnant_notices(of: Remnant) -> tuple[Notice, ...]:
    """Warnings, not limits: a remnant that is small for the body weight (clinical-rules 2)."""
    percent = of.flr_body_weight_percent
    if percent is None or percent >= GRAFT_BODY_WEIGHT_PERCENT:
        return ()
    message = f"The remnant is {percent:.2f} % of body weight: "
    if percent < LOW_PLATELETS_BODY_WEIGHT_PERCENT:
        message += (
            f"below {LOW_PLATELETS_BODY_WEIGHT_PERCENT} % with platelets below 140 liver failure was "
            "frequent. Check the platelets."
        )
    else:
        message += f"below {GRAFT_BODY_WEIGHT_PERCENT} %, the limit for living-donor grafts."
    return (Notice(code="REMNANT_SMALL_FOR_WEIGHT", message=message, where="plan"),)
