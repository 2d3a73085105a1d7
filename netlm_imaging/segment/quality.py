"""Whether a found liver can be one, and what the reader must know about the image that it came from."""

from __future__ import annotations

import numpy as np

from netlm_imaging.errors import Fault, InputError, Notice
from netlm_imaging.segment.morphology import Floats
from netlm_imaging.volume import BoolArray, Mask, Volume

PLAUSIBLE_ML = (400.0, 6000.0)
"""Outside of this no liver is believed (ours; bad-input row 51 warns already nearer to the usual)."""
HU_AIR = -500.0
"""MR knows no values as negative as this: such an image is CT in HU."""
LARGEST_CV = 0.20
"""Liver on HBP varies by about 4 % (clinical-rules 8); more than five times that is no even bright organ."""
LIVER_SPLEEN_MINIMUM = 1.5
LIVER_VESSEL_MINIMUM = 1.46
"""Signal ratios below these mark a poor hepatobiliary phase (clinical-rules 2)."""


def require_mr(hbp: Volume) -> None:
    """Raise InputError (LIVER_NOT_FOUND) for CT and for an image without contrast."""
    low, high = (float(v) for v in np.percentile(hbp.array[::2, ::2, ::2], (1, 99.5)))
    if low < HU_AIR:
        raise _not_found(f"values down to {low:.0f}, as CT has them")
    if high <= max(low, 0.0):
        raise _not_found("an image of one value")


def require_liver(liver: Mask, relative: Floats, parenchyma: BoolArray) -> None:
    """Raise InputError (LIVER_NOT_FOUND) for a region that cannot be a liver."""
    if not PLAUSIBLE_ML[0] <= liver.volume_ml <= PLAUSIBLE_ML[1]:
        raise _not_found(f"a bright region of {liver.volume_ml:.0f} mL")
    cv = float(relative[parenchyma].std() / max(1e-6, float(relative[parenchyma].mean())))
    if cv > LARGEST_CV:
        raise _not_found(f"a bright region whose brightness varies by {100 * cv:.0f} %")


def phase_notices(
    relative: Floats, parenchyma: BoolArray, *, vessels: BoolArray, spleen: BoolArray | None
) -> tuple[Notice, ...]:
    """POOR_HEPATOBILIARY_PHASE where liver is not bright enough against spleen or vessels."""
    liver = float(np.median(relative[parenchyma]))
    pairs = [("veins", vessels, LIVER_VESSEL_MINIMUM, 20.0)]
    if spleen is not None:
        pairs.append(("spleen", spleen, LIVER_SPLEEN_MINIMUM, 50.0))
    weak = []
    for name, region, minimum, percentile in pairs:
        if region.any():
            ratio = liver / max(1e-6, float(np.percentile(relative[region], percentile)))
            if ratio < minimum:
                weak.append(f"liver to {name} {ratio:.2f} (at least {minimum} wanted)")
    if not weak:
        return ()
    message = f"Poor hepatobiliary phase: {', '.join(weak)}. Lesions may be missed."
    return (Notice(code="POOR_HEPATOBILIARY_PHASE", message=message, where="hbp"),)


def _not_found(found: str) -> InputError:
    return InputError(
        Fault(
            code="LIVER_NOT_FOUND",
            expected="an HBP MRI with a bright, even liver of 400 to 6000 mL on the patient's right",
            found=found,
            where="hbp",
            remedy="Give the liver as a mask (--liver) or choose another series",
        )
    )
