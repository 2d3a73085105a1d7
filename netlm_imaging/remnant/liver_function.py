"""Liver function of one case from its hepatobiliary phase, beside the volumes (clinical-rules 2)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from netlm_imaging.anatomy import Anatomy
from netlm_imaging.errors import Notice
from netlm_imaging.remnant.function import (
    LOW_REMNANT_HUI,
    hbp_quality_notices,
    hepatocyte_uptake_index,
    relative_enhancement,
    remnant_function_share,
)
from netlm_imaging.volume import BoolArray, Mask, Volume, require_on

FEWEST_VOXELS = 50
"""A signal is read from at least so many voxels (ours)."""
MOST_UNSEEN_SHARE = 0.05
"""Of the functional liver that an image may leave out, without signal (ours)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LiverFunction:
    """Ratios of gadoxetic MR signal; what cannot be computed is None.

    MR units are arbitrary: ratios hold within one image, or between two of the same coil and sequence.
    """

    reference: Literal["spleen", "vessels"] | None
    """What signal without hepatocytes is read from; None where neither mask was given."""
    reference_signal: float | None
    """Median over the mask, which thin partial voxels do not move."""
    liver_signal: float
    """Mean over the functional liver without vessels, as the next."""
    remnant_signal: float | None
    liver_spleen_ratio: float | None
    hui: float | None
    """Hepatocellular uptake index of the functional liver, in liters."""
    rhui: float | None
    """The same of the plan's remnant."""
    remnant_function_share_percent: float | None
    """Signal above the reference in the plan's remnant, of that in the functional liver: functional FLR."""
    rle: float | None
    """Relative enhancement of the functional liver since before contrast."""
    remnant_rle: float | None


def liver_function(
    hbp: Volume, *, anatomy: Anatomy, remnant: Mask, precontrast: Volume | None = None
) -> tuple[LiverFunction | None, tuple[Notice, ...]]:
    """Function from the hepatobiliary phase and, for RLE, the precontrast image, all on one grid.

    None where the image does not show the liver, or shows it without signal. The spleen is the
    reference, as in HUI; vessels stand for it where no spleen is known. Raises GridMismatch.
    """
    require_on(hbp.grid, (anatomy.liver, remnant, precontrast), what="images and masks on one grid")
    liver, kept = _parenchyma(anatomy, anatomy.functional.array), _parenchyma(anatomy, remnant.array)
    liver_signal = _mean(hbp, liver)
    if liver_signal is None or liver_signal <= 0.0 or _unseen(hbp, liver):
        return None, ()
    spleen = _median(hbp, anatomy.spleen)
    vessels = _median(hbp, anatomy.vessels) if spleen is None else None
    reference = spleen if spleen is not None else vessels
    remnant_signal = _mean(hbp, kept)
    found = LiverFunction(
        reference="spleen" if spleen is not None else "vessels" if vessels is not None else None,
        reference_signal=reference,
        liver_signal=liver_signal,
        remnant_signal=remnant_signal,
        liver_spleen_ratio=None if spleen is None else liver_signal / spleen,
        hui=_hui(anatomy.functional, liver_signal, spleen),
        rhui=_hui(remnant, remnant_signal, spleen),
        remnant_function_share_percent=_share(hbp, anatomy, remnant, reference),
        rle=_enhancement(liver_signal, precontrast, liver),
        remnant_rle=_enhancement(remnant_signal, precontrast, kept),
    )
    return found, (*hbp_quality_notices(liver=liver_signal, spleen=spleen), *_function_notices(found))


def _parenchyma(anatomy: Anatomy, inside: BoolArray) -> BoolArray:
    return inside if anatomy.vessels is None else inside & ~anatomy.vessels.array


def _mean(image: Volume, inside: BoolArray) -> float | None:
    values = image.array[inside]
    return float(values.mean(dtype=np.float64)) if values.size >= FEWEST_VOXELS else None


def _median(image: Volume, mask: Mask | None) -> float | None:
    """None also where the signal is none: the mask lies beyond the image."""
    if mask is None or mask.voxels < FEWEST_VOXELS:
        return None
    value = float(np.median(image.array[mask.array]))
    return value if value > 0.0 else None


def _unseen(image: Volume, inside: BoolArray) -> bool:
    """Too much of ``inside`` lies beyond the image, which is 0 there."""
    return bool(np.mean(image.array[inside] == 0) > MOST_UNSEEN_SHARE)


def _hui(of: Mask, signal: float | None, spleen: float | None) -> float | None:
    if signal is None or spleen is None:
        return None
    return hepatocyte_uptake_index(liver_ml=of.volume_ml, liver=signal, spleen=spleen)


def _share(hbp: Volume, anatomy: Anatomy, remnant: Mask, reference: float | None) -> float | None:
    """None where hardly any voxel is above the reference: the liver took nothing up."""
    if reference is None or not (hbp.array[anatomy.functional.array] > reference).any():
        return None
    return remnant_function_share(hbp, remnant=remnant, functional=anatomy.functional, reference=reference)


def _enhancement(signal: float | None, precontrast: Volume | None, inside: BoolArray) -> float | None:
    if signal is None or precontrast is None or _unseen(precontrast, inside):
        return None
    before = _mean(precontrast, inside)
    return None if before is None or before <= 0.0 else relative_enhancement(hbp=signal, precontrast=before)


def _function_notices(found: LiverFunction) -> tuple[Notice, ...]:
    if found.rhui is None or found.rhui >= LOW_REMNANT_HUI:
        return ()
    message = (
        f"The remnant's hepatocellular uptake index is {found.rhui:.3f} (< {LOW_REMNANT_HUI:.3f}): risk of "
        "liver failure in a cohort of biliary surgery. MR units are arbitrary; coil and sequence must match."
    )
    return (Notice(code="REMNANT_FUNCTION_LOW", message=message, where="hbp"),)
