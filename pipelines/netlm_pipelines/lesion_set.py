"""Which lesions are planned for: all, or those that MR shows (``plan.lesion_set``)."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from netlm_imaging.errors import Notice
from netlm_imaging.plan.lesion_sets import pet_only
from netlm_imaging.settings import LesionSet
from netlm_imaging.volume import LabelMap
from netlm_pipelines.masks import StudyMasks


def chosen_lesions(masks: StudyMasks, lesion_set: LesionSet) -> StudyMasks:
    """``masks`` without the lesions seen on PET alone where only those of MR are asked for; a notice says so.

    What is left out counts as liver. Lesions keep their ids; those of CT, and those whose image is not
    known, stay.
    """
    labels = masks.anatomy.lesions.labels
    left_out = tuple(n for n in labels if pet_only(masks.seen_on.get(n, ())))
    if lesion_set == "union" or not left_out:
        return masks
    lesions = masks.anatomy.lesions
    kept = np.where(np.isin(lesions.array, left_out), 0, lesions.array)
    volume_ml = lesions.mask(*left_out).volume_ml
    many = len(left_out) > 1
    message = (
        f"{len(left_out)} lesion{'s' if many else ''} seen on PET alone ({volume_ml:.1f} mL) "
        f'{"are" if many else "is"} no target and not counted (plan.lesion_set = "mr"): '
        "this volume counts as functional liver."
    )
    return replace(
        masks,
        anatomy=replace(masks.anatomy, lesions=LabelMap(kept, lesions.grid)),
        seen_on={n: seen for n, seen in masks.seen_on.items() if n not in left_out},
        uptake={n: of for n, of in masks.uptake.items() if n not in left_out},
        notices=(*masks.notices, Notice(code="PET_ONLY_LEFT_OUT", message=message, where="lesions")),
    )
