"""From a desk to a plan that can be edited: on its masks as drawn now, with what was decided on it; no Qt."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from napari_netlm.desk import Desk
from napari_netlm.opened import OpenedStudy
from napari_netlm.run import facts_of
from netlm_imaging.align.surroundings import surroundings
from netlm_imaging.anatomy import Anatomy, Surroundings
from netlm_imaging.clinical import Clinical
from netlm_imaging.errors import Fault, InputError, Notice
from netlm_imaging.lesions import liver_volumes, measure, pattern
from netlm_imaging.lesions.outlines import Outlines
from netlm_imaging.lesions.records import Lesion, LiverVolumes, Pattern
from netlm_imaging.lesions.regions import regions
from netlm_imaging.plan.plan_file import PlanFile
from netlm_imaging.plan.reopen import reopened
from netlm_imaging.plan.session import PlanSession
from netlm_imaging.settings import Settings
from netlm_imaging.study import Progress
from netlm_imaging.volume import LabelMap

RECORD = "plan"
"""Of the desk: the plan file as JSON values."""
QUICK_S = 0.1
"""For the first answer to an edit; the proof follows."""
UPTAKE = ("suv_max", "suv_mean", "suv_liver_ratio", "suv_spleen_ratio", "krenning", "krenning_borderline")
MASKS_CHANGED = frozenset({"PLAN_OF_OTHER_MASKS", "PLAN_NOT_REPRODUCED"})


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PlanQuestion:
    """All that planning starts from, taken from the desk at one moment."""

    study: OpenedStudy
    anatomy: Anatomy
    clinical: Clinical
    settings: Settings
    file: PlanFile | None
    """The plan to go on with."""
    edited: bool
    """It was made in the viewer, and may hold what a surgeon drew."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Started:
    """A session and what a decision needs beside it."""

    session: PlanSession
    anatomy: Anatomy
    lesions: tuple[Lesion, ...]
    liver: LiverVolumes
    pattern: Pattern
    notices: tuple[Notice, ...] = ()


def question_of(desk: Desk) -> PlanQuestion:
    """What to plan.

    Raises InputError (MASKS_NEEDED, BAD_PLAN_FILE), UsageError (BAD_CLINICAL, BAD_SETTINGS).
    """
    return asking(desk)()


def asking(desk: Desk) -> Callable[[], PlanQuestion]:
    """What gives ``question_of(desk)`` in any thread; masks are as drawn when it is called."""
    drawing, (clinical, settings) = desk.drawing(), facts_of(desk)
    saved = desk.records.get(RECORD)
    file = desk.study.plan if saved is None else PlanFile.from_json(json.dumps(saved))
    traced = file is None or file.vessels_traced or "vessels" in desk.edited

    def question() -> PlanQuestion:
        anatomy = drawing()
        if anatomy is None or not anatomy.liver.voxels:
            raise InputError(_masks_needed())
        inside = LabelMap(anatomy.lesions.array * anatomy.liver.array, anatomy.grid)
        return PlanQuestion(
            study=desk.study,
            anatomy=replace(anatomy, lesions=inside, vessels_traced=traced),
            clinical=clinical,
            settings=settings,
            file=file,
            edited=saved is not None,
        )

    return question


def start(question: PlanQuestion, progress: Progress) -> Started:
    """The plan that was left, else the best one on these masks.

    Raises PlanError (PLAN_CONFLICT, PLAN_NOT_FOUND) where there is none.
    """
    anatomy, case = question.anatomy, question.study.case
    with progress.stage("Measuring the lesions"):
        lesions = _measured(anatomy, question.study)
        around = _around(question.study, anatomy)
    with progress.stage("Making all treatments that could be done"):
        session, notices = _session(question, lesions, around)
    return Started(
        session=session,
        anatomy=session.state.basis.anatomy,
        lesions=lesions,
        liver=liver_volumes(anatomy, method="given" if case is None else case.liver.method),
        pattern=pattern(lesions, anatomy),
        notices=notices,
    )


def _session(
    question: PlanQuestion, lesions: tuple[Lesion, ...], around: Surroundings | None
) -> tuple[PlanSession, tuple[Notice, ...]]:
    notices: tuple[Notice, ...] = ()
    if question.file is not None:
        try:
            session = reopened(
                question.file, question.anatomy, around=around, lesions=lesions, seconds=QUICK_S
            )
        except InputError as error:
            if error.code not in MASKS_CHANGED:
                raise
            notices = (_planned_anew(error, edited=question.edited),)
        else:
            return _as_decided(session, question), ()
    session = PlanSession.begin(
        question.anatomy,
        lesions,
        settings=question.settings,
        clinical=question.clinical,
        around=around,
        seconds=question.settings.plan.time_limit_s,
    )
    return replace(session, seconds=QUICK_S), notices


def _as_decided(session: PlanSession, question: PlanQuestion) -> PlanSession:
    """The plan of a file under facts and settings that were changed since."""
    basis = session.state.basis
    if question.clinical != basis.case.clinical:
        session = session.know(question.clinical).session
    if question.settings != basis.settings:
        session = session.change(question.settings).session
    return replace(session, past=())


def _measured(anatomy: Anatomy, study: OpenedStudy) -> tuple[Lesion, ...]:
    """With the images on which the study found them, under whatever number, and its PET.

    Uptake decides about PRRT; it holds for lesions whose outline is as it was.
    """
    came = study.masks.get("lesions")
    if study.case is None or not isinstance(came, LabelMap):
        return measure(anatomy)
    outlines, known = Outlines.of(came), {lesion.id: lesion for lesion in study.case.lesions}
    seen = {n: lesion.seen_on for n, lesion in known.items()}
    now = tuple(regions(anatomy.lesions))
    lesions = measure(anatomy, seen_on={region.label: outlines.seen_on(region, seen) for region in now})
    as_before = {region.label: known.get(outlines.same(region)) for region in now}
    return tuple(
        lesion if before is None else replace(lesion, **{name: getattr(before, name) for name in UPTAKE})
        for lesion in lesions
        for before in (as_before[lesion.id],)
    )


def _around(study: OpenedStudy, anatomy: Anatomy) -> Surroundings | None:
    """As a run finds it, where the images are at hand."""
    reference = next((i.volume for i in study.images if i.volume.grid.same_as(anatomy.grid)), None)
    if reference is None or study.read is None:
        return None
    return surroundings(reference, ct=study.read.on_ct, liver=anatomy.liver)


def _planned_anew(error: InputError, *, edited: bool) -> Notice:
    what = "What was fixed and drawn on it is gone" if edited else "The saved plan is left as it is"
    found = "; ".join(fault.expected for fault in error.faults)
    return Notice(
        code="PLANNED_ANEW",
        message=f"The saved plan belongs to other masks ({found}): planned anew on those of now. {what}.",
    )


def _masks_needed() -> Fault:
    return Fault(
        code="MASKS_NEEDED",
        expected="a liver and lesions to plan on",
        found="no liver mask or no lesion mask",
        remedy="Open a finished case, take a mask file for them, or draw them in Review",
    )


def plan_record(file: PlanFile) -> Any:
    """A plan as the desk keeps it."""
    return json.loads(file.to_json())
