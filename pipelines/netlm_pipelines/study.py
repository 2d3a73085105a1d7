"""One study, stage after stage: images in, masks, lesions, plan, decision, report out.

This is the file to read first: each stage is one call into the library.
"""

from __future__ import annotations

from pathlib import Path

from netlm_imaging.align import surroundings
from netlm_imaging.anatomy import Anatomy, Surroundings
from netlm_imaging.case import (
    CaseResult,
    InputRecord,
    Registration,
)
from netlm_imaging.clinical import Clinical
from netlm_imaging.decide import classify_plans, projections
from netlm_imaging.errors import Fault, Notice, PlanError
from netlm_imaging.export import check_target, draw_figures, write_case
from netlm_imaging.export.wording import MINIMUMS, percentage
from netlm_imaging.lesions import liver_volumes, measure, pattern
from netlm_imaging.plan import Planned, plan_case
from netlm_imaging.plan.devices import comparison_devices
from netlm_imaging.plan.fixes import require_known
from netlm_imaging.plan.plan_file import PlanFile, plan_file_of
from netlm_imaging.plan.session import PlanSession
from netlm_imaging.remnant import flr_limits
from netlm_imaging.segment import segmenter_named
from netlm_imaging.settings import Settings
from netlm_imaging.study import (
    AlignedImages,
    StudyImages,
    case_masks,
    device_comparison,
    dicom_source,
    on_grid,
    planned_fields,
    planned_lesions,
    read_images,
    remnant_warnings,
    with_pet,
)
from netlm_pipelines.certainty import how_certain
from netlm_pipelines.function import function_of
from netlm_pipelines.lesion_set import chosen_lesions
from netlm_pipelines.masks import (
    StudyMasks,
    complete,
    liver_of,
    on_planning_grid,
    read_given,
    segment_missing,
)
from netlm_pipelines.progress import Stages
from netlm_pipelines.request import Request
from netlm_pipelines.software import software


def run_study(request: Request, stages: Stages) -> Path:
    """The main job. Returns the folder of the finished case; raises NetlmError with nothing written."""
    check_target(request.out, overwrite=request.overwrite)
    segmenter_named(request.segmenter)
    # Unknown devices and procedures are refused before the long work.
    comparison_devices(request.settings)
    require_known(request.settings)
    found = StudyImages(reference=None, reference_role="")
    if request.images is not None:
        found = read_images(request.images, request, segment=not request.masks.complete, progress=stages)
    source, not_written = dicom_source(found.series)
    with stages.stage("Reading the masks"):
        own = None if found.reference is None else found.reference.volume.grid
        given = read_given(request, own, frame_uid_hash=found.frame_uid_hash)
    assert given.grid is not None
    images = on_grid(found, given.grid)
    segmented = segment_missing(given, images, segmenter=request.segmenter, stages=stages)
    images = with_pet(images, found, liver=liver_of(given, segmented), progress=stages)
    if images.pet_aligned:
        # Again, now that PET lies on the liver: uptake tells a lesion from a vein and finds the spleen.
        segmented = segment_missing(given, images, segmenter=request.segmenter, stages=stages)
    masks = complete(
        given,
        segmented,
        images,
        found_images=found,
        pet=request.settings.pet,
        stages=stages,
    )
    masks = chosen_lesions(masks, request.settings.plan.lesion_set)
    if request.settings.plan.grid_mm is not None:
        with stages.stage("Bringing the masks onto an isotropic grid"):
            masks = on_planning_grid(masks, grid_mm=request.settings.plan.grid_mm)
            images = images.on(masks.anatomy.grid)
    with stages.stage("Finding skin, bone and gas"):
        around = surroundings(images.reference, ct=found.on_ct, liver=masks.anatomy.liver, body=masks.body)
    case, planned = decide_case(
        masks,
        around=around,
        images=images if found.reference_role == "hbp" else None,
        settings=request.settings,
        clinical=request.clinical,
        inputs=(*found.records, *given.records),
        notices=(*found.notices, *not_written, *images.notices),
        registrations=images.registrations,
        stages=stages,
    )
    with stages.stage("Drawing and writing the report"):
        figures = draw_figures(
            image=images.reference,
            image_kind=found.reference_role,
            suv=images.suv,
            anatomy=masks.anatomy,
            case=case,
            treated=planned.treated,
        )
    return write_case(
        request.out,
        case,
        masks=case_masks(masks.anatomy, planned),
        figures=figures,
        plan=_plan_file(masks.anatomy, planned, request.settings),
        source=source,
        log=stages.log,
        overwrite=request.overwrite,
    )


def require_plan(case: CaseResult) -> None:
    """Raise PlanError (NO_PLAN_POSSIBLE) where the limits leave no plan; the case itself stays valid.

    So it is when the untouched liver already misses a minimum of the future remnant, or when the
    objective that was asked for cannot be reached.
    """
    if case.plan.status != "infeasible":
        return
    missed = [
        f"{MINIMUMS[m.name][0]} {percentage(m.value, m.minimum)} before any treatment, "
        f"minimum {percentage(m.minimum)}"
        for m in case.plan.minimums
        if m.value < m.minimum
    ]
    raise PlanError(
        Fault(
            code="NO_PLAN_POSSIBLE",
            expected=f"a plan within the limits (objective {case.plan.objective})",
            found="; ".join(missed) or "none that reaches it",
            remedy="The case is written; its report says what is not possible and why",
        )
    )


def decide_case(
    masks: StudyMasks,
    *,
    around: Surroundings | None = None,
    images: AlignedImages | None = None,
    settings: Settings,
    clinical: Clinical,
    inputs: tuple[InputRecord, ...],
    notices: tuple[Notice, ...],
    registrations: tuple[Registration, ...],
    stages: Stages,
) -> tuple[CaseResult, Planned]:
    """From masks to the Type: measure, plan, draw what may be off, classify.

    ``images``: the hepatobiliary phase and what was taken before contrast, where function can be read.
    """
    anatomy = masks.anatomy
    with stages.stage("Measuring"):
        lesions = measure(anatomy, seen_on=masks.seen_on, uptake=masks.uptake)
        liver = liver_volumes(anatomy, method=masks.method)
        spread = pattern(lesions, anatomy)
        limits = flr_limits(liver.functional_ml, clinical=clinical, settings=settings.flr)
    with stages.stage("Finding the best plan") as entry:
        planned = plan_case(
            anatomy,
            lesions,
            settings=settings,
            clinical=clinical,
            limits=limits,
            progress=stages.say,
            around=around,
        )
        entry["status"] = planned.plan.status
    certainty = how_certain(planned, method=masks.method, clinical=clinical, settings=settings, stages=stages)
    function, function_notices = function_of(images, anatomy, remnant=planned.remnant)
    plans = (planned.plan, *planned.alternatives)
    grown = projections(planned.growth, plans, lesions=lesions, clinical=clinical, settings=settings)
    classification = classify_plans(
        plans,
        lesions=lesions,
        liver=liver,
        spread=spread,
        clinical=clinical,
        settings=settings,
        projected=grown,
    )
    case = CaseResult(
        software=software(),
        inputs=inputs,
        settings=settings,
        clinical=clinical,
        warnings=(
            *notices,
            *masks.notices,
            *remnant_warnings(planned.plan, liver, clinical, settings),
            *planned.notices,
            *function_notices,
        ),
        registrations=registrations,
        grid=anatomy.grid,
        liver=liver,
        lesions=planned_lesions(lesions, planned),
        pattern=spread,
        **planned_fields(planned),
        projections=grown,
        function=function,
        device_comparison=device_comparison(
            planned, lesions=lesions, liver=liver, spread=spread, clinical=clinical, settings=settings
        ),
        uncertainty=certainty,
        classification=classification,
    )
    return case, planned


def _plan_file(anatomy: Anatomy, planned: Planned, settings: Settings) -> PlanFile:
    state = PlanSession.of(planned, anatomy, (), settings=settings).state
    return plan_file_of(state, anatomy, plan=planned.plan)
