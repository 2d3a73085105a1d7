"""Liver function from the gadoxetic hepatobiliary phase: ratios of arbitrary MR units only.

Both scans must come from the same coil and sequence; no ratio corrects for a change of either.
"""

from __future__ import annotations

import numpy as np

from netlm_imaging.errors import Fault, InputError, Notice
from netlm_imaging.volume import Mask, Volume, require_on

LOW_REMNANT_HUI = 0.410
"""Below: risk of liver failure (biliary surgery cohort; Notake, BJS Open 2021)."""

# A hepatobiliary phase is poor below any of these ratios of liver to ...
GOOD_SPLEEN_RATIO = 1.5
"""Clin Radiol 2018;73:760."""
GOOD_PORTAL_VEIN_RATIO = 1.46
"""Clin Radiol 2018;73:760; Curr Med Imaging 2024 (1.462)."""
GOOD_CAVA_RATIO = 1.8
"""Bashir, Acad Radiol 2014."""


def relative_enhancement(*, hbp: float, precontrast: float) -> float:
    """RLE = (SI_HBP - SI_pre) / SI_pre. Raises InputError (BAD_SIGNAL) unless SI_pre is positive."""
    return (hbp - _positive(precontrast, "precontrast signal")) / precontrast


def hepatocyte_uptake_index(*, liver_ml: float, liver: float, spleen: float) -> float:
    """HUI = V[L] * (SI_liver / SI_spleen - 1) (Takatsu), V in liters.

    Of a remnant it is rHUI; below LOW_REMNANT_HUI it flags risk. Raises InputError (BAD_SIGNAL).
    """
    return liver_ml / 1000.0 * (liver / _positive(spleen, "spleen signal") - 1.0)


def remnant_function_share(hbp: Volume, *, remnant: Mask, functional: Mask, reference: float) -> float:
    """Percent of the liver's function that the remnant holds.

    Sum of (SI - ``reference``) over the remnant's voxels, negative ones as 0, over the same sum for
    the functional liver. Raises GridMismatch, and InputError (BAD_SIGNAL) when no voxel is above
    the reference.
    """
    require_on(hbp.grid, (remnant, functional), what="HBP and masks on one grid")
    above = np.maximum(hbp.array[functional.array].astype(np.float64) - reference, 0.0)
    total = _positive(float(above.sum()), "liver signal above the reference")
    kept = above[remnant.array[functional.array]]
    return 100.0 * float(kept.sum()) / total


def hbp_quality_notices(
    *, liver: float, spleen: float | None = None, portal_vein: float | None = None, cava: float | None = None
) -> tuple[Notice, ...]:
    """A warning for a poor hepatobiliary phase, naming each ratio that is too low."""
    checks = (
        ("spleen", spleen, GOOD_SPLEEN_RATIO),
        ("portal vein", portal_vein, GOOD_PORTAL_VEIN_RATIO),
        ("inferior vena cava", cava, GOOD_CAVA_RATIO),
    )
    low = [
        f"liver to {name} {liver / signal:.2f} (good from {good})"
        for name, signal, good in checks
        if signal is not None and signal > 0 and liver / signal < good
    ]
    if not low:
        return ()
    message = f"Poor hepatobiliary phase: {', '.join(low)}. Volumes and function are less certain."
    return (Notice(code="POOR_HBP", message=message, where="hbp"),)


def _positive(value: float, what: str) -> float:
    if not value > 0:
        raise InputError(Fault(code="BAD_SIGNAL", expected=f"a positive {what}", found=f"{value:g}"))
    return value
