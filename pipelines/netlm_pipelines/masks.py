"""Masks of a study: given ones first, a segmenter for the rest, all on one planning grid."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from netlm_imaging.align import bring_labels, check_place
from netlm_imaging.anatomy import Anatomy
from netlm_imaging.case import InputRecord
from netlm_imaging.errors import Fault, InputError, Notice
from netlm_imaging.geometry import Grid
from netlm_imaging.ingest import MaskFile, read_mask
from netlm_imaging.lesions import Uptake, combine, label_components, on_isotropic_grid, prepare
from netlm_imaging.lesions.records import SeenOn
from netlm_imaging.segment import Images, Segmentation, segmenter_named
from netlm_imaging.settings import PetSettings
from netlm_imaging.study import AlignedImages, StudyImages
from netlm_imaging.volume import LabelMap, Mask
from netlm_pipelines.pet import look_at_pet
from netlm_pipelines.progress import Stages
from netlm_pipelines.request import Request

MOST_OUTSIDE_SHARE = 0.8
"""From this share of the tumor on, lesions outside the liver are another patient's, or mirrored (ours)."""


@dataclass(slots=True)
class GivenOnGrid:
    """The user's masks on the planning grid; what was not given is None."""

    grid: Grid | None = None
    frame_uid_hash: str = ""
    """Of the frame of reference that all masks share; empty while none of them names one."""
    frame_of: str = ""
    """What named it first."""
    liver: Mask | None = None
    lesions: LabelMap | None = None
    segments: LabelMap | None = None
    vessels: Mask | None = None
    cysts: Mask | None = None
    spleen: Mask | None = None
    portal_vein: Mask | None = None
    bile_ducts: Mask | None = None
    gallbladder: Mask | None = None
    bowel: Mask | None = None
    body: Mask | None = None
    records: list[InputRecord] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyMasks:
    """The anatomy to plan on, with what the images say of each lesion."""

    anatomy: Anatomy
    method: str
    seen_on: dict[int, tuple[SeenOn, ...]]
    uptake: dict[int, Uptake]
    body: Mask | None = None
    """As given."""
    notices: tuple[Notice, ...]


def read_given(request: Request, grid: Grid | None, *, frame_uid_hash: str = "") -> GivenOnGrid:
    """Read the user's masks onto the liver mask's own grid, or ``grid`` where it has none or is not given.

    ``grid`` and ``frame_uid_hash`` are those of the reference image. Masks that name another frame of
    reference, than the image or than each other, are refused (FRAME_MISMATCH). Records, notices and
    faults name a mask by what it is, never by its file, whose name may be the patient's.
    """
    masks = request.masks
    given = GivenOnGrid(grid=grid, frame_uid_hash=frame_uid_hash, frame_of="the reference image")
    if masks.liver is not None:
        file = _read(masks.liver, "liver mask", request, given)
        if file.own_grid:
            given.grid = file.labels.grid
        given.liver = _onto(file.labels, "liver mask", given).any
    if masks.lesions:
        given.lesions = _read_lesions(request, given)
    if masks.segments is not None:
        given.segments = _bring(masks.segments, "segment mask", request, given)
    for spec in masks.vessels:
        more = _bring(spec, "vessel mask", request, given).any
        given.vessels = more if given.vessels is None else Mask(given.vessels.array | more.array, more.grid)
    given.portal_vein = _region(masks.portal_vein, "portal vein mask", request, given)
    given.cysts = _region(masks.cysts, "cyst mask", request, given)
    given.spleen = _region(masks.spleen, "spleen mask", request, given)
    given.bile_ducts = _region(masks.bile_ducts, "bile duct mask", request, given)
    given.gallbladder = _region(masks.gallbladder, "gallbladder mask", request, given)
    given.bowel = _region(masks.bowel, "bowel mask", request, given)
    given.body = _region(masks.body, "body mask", request, given)
    return given


def segment_missing(
    given: GivenOnGrid, images: AlignedImages, *, segmenter: str, stages: Stages
) -> Segmentation | None:
    """Segment what was not given; None when nothing is missing.

    PET helps only where it lies liver on liver: elsewhere its uptake would make lesions of veins.
    """
    if given.liver is not None and given.lesions is not None:
        return None
    assert images.reference is not None
    suv = images.suv if images.pet_aligned else None
    name = "Segmenting liver and lesions" + (" with PET" if suv is not None else "")
    with stages.stage(name) as entry:
        found = segmenter_named(segmenter).segment(
            Images(hbp=images.reference, precontrast=images.precontrast, suv=suv)
        )
        entry["method"] = found.method
    return found


def liver_of(given: GivenOnGrid, found: Segmentation | None) -> Mask:
    """The given liver, else the one found."""
    return given.liver if given.liver is not None else _found(found).liver


def complete(
    given: GivenOnGrid,
    found: Segmentation | None,
    images: AlignedImages,
    *,
    found_images: StudyImages,
    pet: PetSettings,
    stages: Stages,
) -> StudyMasks:
    """Given masks first, then those ``found``; find PET lesions, match both, check it all into an Anatomy."""
    notices = [*given.notices, *(() if found is None else found.notices)]
    if given.liver is not None and images.reference is not None:
        notices += check_place(given.liver, images.reference, name="liver mask")
    liver = liver_of(given, found)
    lesions = given.lesions if given.lesions is not None else _found(found).lesions
    spleen = given.spleen if given.spleen is not None or found is None else found.spleen
    seen_on = dict.fromkeys(lesions.labels, _seen_on(found_images))
    avid: dict[int, Uptake] = {}
    if images.suv is not None:
        with stages.stage("Finding lesions on PET"):
            on_pet = look_at_pet(
                images.suv,
                lesions,
                liver=liver,
                spleen=spleen,
                aligned=images.pet_aligned,
                given=given.lesions is not None,
                settings=pet,
            )
        lesions, avid = on_pet.lesions, on_pet.uptake
        seen_on = {n: _with_pet(seen_on.get(n, ()), on_pet.seen_on_pet.get(n, ())) for n in lesions.labels}
        notices += on_pet.notices
    with stages.stage("Checking the masks"):
        anatomy, prepared = prepare(
            liver=liver,
            lesions=lesions,
            segments=given.segments,
            vessels=given.vessels if given.vessels is not None else _vessels_in(liver, found),
            portal_vein=given.portal_vein,
            cysts=given.cysts if given.cysts is not None or found is None else found.cysts,
            spleen=spleen,
            bile_ducts=given.bile_ducts,
            gallbladder=given.gallbladder,
            bowel=given.bowel,
        )
        _require_some_inside(given.lesions, anatomy)
        anatomy = replace(anatomy, vessels_traced=given.vessels is not None)
    return StudyMasks(
        anatomy=anatomy,
        method="given" if given.liver is not None else _found(found).method,
        seen_on=seen_on,
        uptake=avid,
        body=given.body,
        notices=(*notices, *prepared),
    )


def on_planning_grid(masks: StudyMasks, *, grid_mm: float) -> StudyMasks:
    """The same masks on the isotropic grid that ``plan.grid_mm`` asks for; every change is a notice."""
    anatomy, notices = on_isotropic_grid(masks.anatomy, grid_mm=grid_mm)
    body = None
    if masks.body is not None:
        moved, _ = bring_labels(
            LabelMap(masks.body.array.astype(np.uint8), masks.body.grid), anatomy.grid, name="body mask"
        )
        body = moved.any
    return replace(masks, anatomy=anatomy, body=body, notices=(*masks.notices, *notices))


def _read(spec: str, name: str, request: Request, given: GivenOnGrid) -> MaskFile:
    try:
        file = read_mask(
            spec,
            grid=given.grid,
            assume_affine=request.assume_affine,
            keep_identifiers=request.keep_identifiers,
        )
    except InputError as error:
        raise InputError(*(replace(fault, where=name) for fault in error.faults)) from None
    _require_frame(file, name, given)
    given.records.append(replace(file.record, role=name))
    given.notices += [replace(notice, where=name) for notice in file.notices]
    return file


def _require_frame(file: MaskFile, name: str, given: GivenOnGrid) -> None:
    """Coordinates of two frames of reference cannot be compared, however well they seem to fit."""
    if file.frame_uid_hash and not given.frame_uid_hash:
        given.frame_uid_hash, given.frame_of = file.frame_uid_hash, f"the {name}"
    if file.frame_uid_hash in ("", given.frame_uid_hash):
        return
    raise InputError(
        Fault(
            code="FRAME_MISMATCH",
            expected=f"a mask in the frame of reference of {given.frame_of}",
            found="one in another frame of reference",
            where=name,
            remedy="Give the mask that was drawn on this image, or bring it over by a registration first",
        )
    )


def _bring(spec: str, name: str, request: Request, given: GivenOnGrid) -> LabelMap:
    return _onto(_read(spec, name, request, given).labels, name, given)


def _region(spec: str | None, name: str, request: Request, given: GivenOnGrid) -> Mask | None:
    return None if spec is None else _bring(spec, name, request, given).any


def _onto(labels: LabelMap, name: str, given: GivenOnGrid) -> LabelMap:
    if given.grid is None:
        given.grid = labels.grid
    brought, notices = bring_labels(labels, given.grid, name=name)
    given.notices += notices
    return brought


def _read_lesions(request: Request, given: GivenOnGrid) -> LabelMap:
    """Binary files fall apart into their connected components, label maps keep their values."""
    specs = request.masks.lesions
    parts = []
    for number, spec in enumerate(specs, start=1):
        name = "lesion mask" if len(specs) == 1 else f"lesion mask {number}"
        file = _read(spec, name, request, given)
        labels = _onto(file.labels, name, given)
        parts.append(label_components(labels.any) if file.binary else labels)
    combined, notices = combine(parts)
    given.notices += notices
    return combined


def _require_some_inside(given: LabelMap | None, anatomy: Anatomy) -> None:
    """Given lesions that (almost) all miss the liver are masks that do not belong together."""
    if given is None or not given.labels:
        return
    outside = 1.0 - anatomy.lesions.any.voxels / given.any.voxels
    if outside < MOST_OUTSIDE_SHARE:
        return
    raise InputError(
        Fault(
            code="LESIONS_OUTSIDE_LIVER",
            expected="lesions inside the liver",
            found=f"{given.any.volume_ml:.1f} mL of lesions, {100 * outside:.0f} % of it outside",
            where="lesion mask",
            remedy="Check that both masks belong to this study and that neither is mirrored",
        )
    )


def _found(found: Segmentation | None) -> Segmentation:
    assert found is not None
    return found


def _vessels_in(liver: Mask, found: Segmentation | None) -> Mask | None:
    """Those found; None where none lies in the liver, so that nothing is planned as if they were known."""
    vessels = None if found is None else found.vessels
    return vessels if vessels is not None and (vessels.array & liver.array).any() else None


def _seen_on(images: StudyImages) -> tuple[SeenOn, ...]:
    """What lesions on the reference image count as seen on; nothing where that is not known."""
    if images.reference is None:
        return ()
    modality, role = images.reference.record.modality, images.reference_role
    if images.on_ct:
        return ("ct",)
    return ("mr",) if modality == "MR" or role in ("hbp", "precontrast", "t2") else ()


def _with_pet(on_reference: tuple[SeenOn, ...], matched: tuple[SeenOn, ...]) -> tuple[SeenOn, ...]:
    return (*on_reference, *(("pet",) if "pet" in matched else ()))
