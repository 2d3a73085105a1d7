"""Masks as they come to an Anatomy: lesions inside the liver, nothing dropped in silence."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from netlm_imaging.anatomy import SEGMENT_NAMES, Anatomy
from netlm_imaging.errors import Fault, InputError, Notice
from netlm_imaging.lesions.left_out import left_out_of_liver
from netlm_imaging.lesions.plausibility import MAX_IDS_NAMED, first_of, plausibility_notices
from netlm_imaging.lesions.segment_cover import cover_lesions
from netlm_imaging.volume import BoolArray, LabelMap, Mask, require_on

LEAST_FUNCTIONAL_SHARE = 0.05
"""Nobody lives with less liver than this (ours)."""
LARGEST_VESSEL_SHARE = 0.3
"""Blood is about 10 % of the liver (PubMed 20551185); a mask of three times that is none of veins (ours)."""
PORTAL_VEIN = "portal vein"
LARGEST_STRUCTURE_SHARE = 0.1
"""Central bile ducts are a few mL, gallbladder and bowel lie beside the liver (ours)."""


def prepare(
    *,
    liver: Mask,
    lesions: LabelMap,
    segments: LabelMap | None = None,
    vessels: Mask | None = None,
    portal_vein: Mask | None = None,
    cysts: Mask | None = None,
    spleen: Mask | None = None,
    bile_ducts: Mask | None = None,
    gallbladder: Mask | None = None,
    bowel: Mask | None = None,
) -> tuple[Anatomy, tuple[Notice, ...]]:
    """The anatomy that all later stages work on, and what had to be changed for it.

    Lesions that the liver mask leaves out as holes are added to the liver (``left_out_of_liver``
    holds the rule); lesion voxels that lie outside the liver are reported in mL and not counted;
    where a cyst overlaps a lesion, the lesion wins; cysts and segments outside the liver are cut
    off; lesion voxels without a segment take the nearest one. Empty lesions are valid.

    Raises GridMismatch for masks on different grids, InputError (EMPTY_LIVER, BAD_SEGMENTS,
    IMPLAUSIBLE_VESSELS, IMPLAUSIBLE_STRUCTURE, LESIONS_FILL_LIVER).
    """
    structures = {"bile ducts": bile_ducts, "gallbladder": gallbladder, "bowel": bowel}
    parts = (lesions, segments, vessels, portal_vein, cysts, spleen, *structures.values())
    require_on(liver.grid, parts, what="all masks on the liver's grid")
    _require_usable(liver, segments, {"vessels": vessels, PORTAL_VEIN: portal_vein}, structures)
    whole, notices = _with_left_out_lesions(liver, lesions)
    inside, outside_notices = _lesions_inside(lesions, whole)
    cysts, cyst_notices = _cysts_beside(cysts, inside, whole)
    segments, segment_notices = cover_lesions(segments, liver=whole, lesions=inside)
    anatomy = Anatomy(
        liver=whole,
        lesions=inside,
        segments=segments,
        vessels=vessels,
        portal_vein=portal_vein,
        cysts=cysts,
        spleen=spleen,
        bile_ducts=bile_ducts,
        gallbladder=gallbladder,
        bowel=bowel,
    )
    _require_functional_liver(anatomy)
    notices += outside_notices + cyst_notices + segment_notices
    return anatomy, tuple(notices + plausibility_notices(anatomy))


def _require_usable(
    liver: Mask,
    segments: LabelMap | None,
    veins: Mapping[str, Mask | None],
    structures: Mapping[str, Mask | None],
) -> None:
    faults = [
        *_liver_faults(liver),
        *_segment_faults(liver, segments),
        *_vessel_faults(liver, veins),
        *_structure_faults(liver, structures),
    ]
    if faults:
        raise InputError(*faults)


def _require_functional_liver(anatomy: Anatomy) -> None:
    """Raise InputError (LESIONS_FILL_LIVER): the same file given twice, or liver and lesions exchanged."""
    share = anatomy.functional.voxels / anatomy.liver.voxels
    if share >= LEAST_FUNCTIONAL_SHARE:
        return
    raise InputError(
        Fault(
            code="LESIONS_FILL_LIVER",
            expected=f"at least {LEAST_FUNCTIONAL_SHARE:.0%} of the liver free of lesions and cysts",
            found=f"{share:.1%} of {anatomy.liver.volume_ml:.1f} mL",
            where="lesion mask",
            remedy="Check that liver and lesions are not one and the same mask, nor exchanged",
        )
    )


def _liver_faults(liver: Mask) -> list[Fault]:
    if liver.array.any():
        return []
    return [
        Fault(
            code="EMPTY_LIVER",
            expected="a liver mask with at least one voxel",
            found="an empty mask",
            where="liver",
            remedy="Check that the mask belongs to this study and overlaps its image",
        )
    ]


def _segment_faults(liver: Mask, segments: LabelMap | None) -> list[Fault]:
    """Labels beyond 8, or 1 alone: a binary mask taken for a segment map."""
    if segments is None:
        return []
    labels = segments.labels
    wrong = [label for label in labels if label > len(SEGMENT_NAMES)]
    if not wrong and labels != (1,):
        return []
    return [
        Fault(
            code="BAD_SEGMENTS",
            expected="Couinaud labels 1 to 8" if wrong else "several Couinaud labels of 1 to 8",
            found="labels " + ", ".join(map(str, (wrong or labels)[:MAX_IDS_NAMED])),
            where="segments",
            remedy="Renumber the segments: 1 for I to 8 for VIII, and give no binary mask",
        )
    ]


def _share_of_liver(mask: Mask | None, liver: Mask) -> float:
    if mask is None or not liver.array.any():
        return 0.0
    return float(np.count_nonzero(mask.array & liver.array) / liver.voxels)


def _structure_faults(liver: Mask, structures: Mapping[str, Mask | None]) -> list[Fault]:
    """A structure beside the liver that fills it, and an empty mask, which would protect nothing."""
    remedy = "Check which mask was given, and leave out what the patient does not have"
    faults = []
    for name, mask in structures.items():
        share = _share_of_liver(mask, liver)
        if share > LARGEST_STRUCTURE_SHARE:
            expected = f"{name} in at most {100 * LARGEST_STRUCTURE_SHARE:.0f} % of the liver"
            found = f"a mask that fills {100 * share:.0f} % of it"
        elif mask is not None and not mask.array.any():
            expected, found = "a mask with at least one voxel", "an empty one"
        else:
            continue
        faults.append(
            Fault(code="IMPLAUSIBLE_STRUCTURE", expected=expected, found=found, where=name, remedy=remedy)
        )
    return faults


def _vessel_faults(liver: Mask, veins: Mapping[str, Mask | None]) -> list[Fault]:
    faults = []
    for name, mask in veins.items():
        share = _share_of_liver(mask, liver)
        what = name if name == PORTAL_VEIN else "portal and hepatic veins"
        if share > LARGEST_VESSEL_SHARE:
            expected = f"{what} in at most {100 * LARGEST_VESSEL_SHARE:.0f} % of the liver"
            found, remedy = f"a mask that fills {100 * share:.0f} % of it", "it would forbid every treatment"
        elif mask is not None and not share and liver.array.any():
            expected, found = f"{what} inside the liver", "a mask without any voxel there"
            remedy = "treatments would be planned as if there were no vessels"
        else:
            continue
        remedy = f"Check which mask was given: {remedy}"
        faults.append(
            Fault(code="IMPLAUSIBLE_VESSELS", expected=expected, found=found, where=name, remedy=remedy)
        )
    return faults


def _with_left_out_lesions(liver: Mask, lesions: LabelMap) -> tuple[Mask, list[Notice]]:
    added = left_out_of_liver(liver, lesions)
    if not added.any():
        return liver, []
    message = (
        f"The liver mask leaves out {_ml(added, liver)} of {_named(lesions, added)}; "
        "this volume was added to the liver."
    )
    notice = Notice(code="LESION_ADDED_TO_LIVER", message=message, where="liver")
    return Mask(liver.array | added, liver.grid), [notice]


def _lesions_inside(lesions: LabelMap, liver: Mask) -> tuple[LabelMap, list[Notice]]:
    notices = []
    outside = (lesions.array > 0) & ~liver.array
    inside = LabelMap(np.where(liver.array, lesions.array, 0), liver.grid) if outside.any() else lesions
    kept = inside.labels
    if outside.any():
        message = (
            f"{_ml(outside, liver)} of {_named(lesions, outside)} lie outside the liver and are not counted."
        )
        lost = sorted(set(lesions.labels) - set(kept))
        if lost:
            message += f" Wholly outside and left out: {_ids(lost)}."
        notices.append(Notice(code="LESION_OUTSIDE_LIVER", message=message, where="lesions"))
    if not kept:
        notices.append(
            Notice(
                code="NO_MEASURABLE_DISEASE",
                message="There is no lesion inside the liver: no measurable disease.",
                where="lesions",
            )
        )
    return inside, notices


def _cysts_beside(cysts: Mask | None, lesions: LabelMap, liver: Mask) -> tuple[Mask | None, list[Notice]]:
    if cysts is None:
        return None, []
    inside = cysts.array & liver.array
    shared = inside & (lesions.array > 0)
    if not shared.any():
        return Mask(inside, liver.grid), []
    message = (
        f"{_ml(shared, liver)} of the cysts overlap {_named(lesions, shared)}; this volume counts as tumor."
    )
    notice = Notice(code="CYST_OVERLAPS_LESION", message=message, where="cysts")
    return Mask(inside & ~shared, liver.grid), [notice]


def _named(lesions: LabelMap, where: BoolArray) -> str:
    return _ids([int(label) for label in np.unique(lesions.array[where]) if label > 0])


def _ids(ids: list[int]) -> str:
    named = first_of([str(n) for n in ids])
    return f"lesion {named}" if len(ids) == 1 else f"lesions {named}"


def _ml(voxels: BoolArray, on: Mask) -> str:
    volume_ml = int(np.count_nonzero(voxels)) * on.grid.voxel_ml
    return f"{volume_ml:.2f} mL" if volume_ml < 10 else f"{volume_ml:.1f} mL"
