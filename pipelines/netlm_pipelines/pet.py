"""What PET says of the lesions: more of them, which are seen on both, and how avid they are."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from netlm_imaging.errors import InputError, Notice
from netlm_imaging.lesions import Matching, Uptake, match, uptake
from netlm_imaging.lesions.records import SeenOn
from netlm_imaging.segment import segment_pet_lesions
from netlm_imaging.settings import PetSettings
from netlm_imaging.volume import LabelMap, Mask, Volume


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PetFindings:
    """Lesions of both images as one list, with their uptake by id."""

    lesions: LabelMap
    seen_on_pet: dict[int, tuple[SeenOn, ...]]
    uptake: dict[int, Uptake]
    notices: tuple[Notice, ...]


def look_at_pet(
    suv: Volume,
    lesions: LabelMap,
    *,
    liver: Mask,
    spleen: Mask | None,
    aligned: bool,
    given: bool,
    settings: PetSettings,
) -> PetFindings:
    """Match ``lesions`` with those that PET shows in the liver, all on one grid.

    Lesions seen on PET alone join the list, unless the lesions were ``given``: a mask wins, and a notice
    says what PET shows beside it. Where the liver has no tumor-free part to compare with, PET is left out.
    """
    try:
        on_pet = segment_pet_lesions(suv, liver, exclude=lesions.any, settings=settings)
    except InputError as error:
        notice = Notice(code=error.code, message=f"PET is not used: {error.faults[0].found}.", where="PET")
        return PetFindings(lesions=lesions, seen_on_pet={}, uptake={}, notices=(notice,))
    matching = match(lesions, on_pet.labels, aligned=aligned)
    spleen_mean = None
    if spleen is not None and spleen.voxels:
        spleen_mean = float(np.mean(suv.array[spleen.array], dtype=np.float64))
    avid = uptake(
        suv,
        matching.uptake_regions,
        liver_mean=on_pet.background.mean,
        liver_sd=on_pet.background.sd,
        spleen_mean=spleen_mean,
    )
    return PetFindings(
        lesions=lesions if given else matching.labels,
        seen_on_pet=matching.seen_on,
        uptake=avid,
        notices=(*on_pet.notices, *matching.notices, *(_not_counted(lesions, matching) if given else ())),
    )


def _not_counted(lesions: LabelMap, matching: Matching) -> tuple[Notice, ...]:
    beside = set(matching.labels.labels) - set(lesions.labels)
    if not beside:
        return ()
    volume_ml = matching.labels.mask(*beside).volume_ml
    message = (
        f"PET shows {len(beside)} more lesion{'s' if len(beside) > 1 else ''} in the liver "
        f"({volume_ml:.1f} mL) that the given lesion mask does not hold. They are not counted."
    )
    return (Notice(code="PET_LESIONS_NOT_COUNTED", message=message, where="PET"),)
