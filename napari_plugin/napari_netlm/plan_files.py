"""Plan files from and to the window, and a finished case of the plan that was edited; no Qt."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from napari_netlm.decided_case import decided_case
from napari_netlm.opened import OpenedStudy
from napari_netlm.plan_details import Details
from napari_netlm.plan_start import Started
from napari_netlm.planning import Planning
from netlm_imaging.case import CaseResult
from netlm_imaging.errors import Fault, InputError
from netlm_imaging.export import draw_figures, write_case, write_plan
from netlm_imaging.ingest import read_plan
from netlm_imaging.plan import Planned
from netlm_imaging.plan.reopen import reopened
from netlm_imaging.plan.session import Edit, PlanSession
from netlm_imaging.plan.session_planned import planned_of
from netlm_imaging.plan.session_state import difference_of
from netlm_imaging.study import Progress, Silent, case_masks, dicom_source

NO_CASE_YET = "A report needs a finished case: run 'Find plan and save case' in Study first."
NO_TYPE_FOLLOWS = "A plan with a major resection decides no Type: free or undo it before you write a report."
NO_IMAGES = "Without SEG and SR: open the case with its images to write these too."
NO_DICOM_IMAGES = "Without SEG and SR: the images are not DICOM."
NOT_READY = "The Type is being worked out; a moment."


def save_plan(planning: Planning, path: Path) -> Path:
    """The plan that stands, as a file. Raises InputError (NOT_READY), UsageError as ``write_plan``."""
    return write_plan(_details(planning).file, path)


def open_plan(planning: Planning, path: Path) -> None:
    """The plan of a file on the same masks; it can be undone. Raises InputError as ``read_plan`` does.

    What else comes with it is told: facts of the patient, settings.
    """
    file, started = read_plan(path), planning.started

    def make(session: PlanSession) -> Edit:
        before, ways = session.state.basis, session.state.basis.case.ways
        around = None if ways is None else ways.around
        found = reopened(
            file, started.anatomy, around=around, lesions=started.lesions, seconds=session.seconds
        )
        other = (
            ("facts of the patient", file.clinical != before.case.clinical),
            ("limits and settings", file.settings != before.settings),
        )
        return Edit(
            session=replace(found, past=(*session.past, session.state)),
            difference=difference_of(session.state, found.state),
            gone=tuple(f"The {what} of the file hold now" for what, differs in other if differs),
        )

    planning.edit(make)


def why_no_report(planning: Planning | None) -> str:
    """What is missing before a report can be written; empty for nothing."""
    if planning is None:
        return "Plan first."
    if planning.desk.study.case is None:
        return NO_CASE_YET
    if not planning.worked_out:
        return NOT_READY
    return "" if planning.classification is not None else NO_TYPE_FOLLOWS


def why_no_dicom(planning: Planning | None) -> str:
    """Why a report comes without SEG and SR; empty where it comes with them."""
    read = None if planning is None else planning.desk.study.read
    if read is None or read.series is None:
        return NO_IMAGES
    return "" if read.series.file is None else NO_DICOM_IMAGES


def write_decision(
    planning: Planning, out: Path, *, overwrite: bool = False, progress: Progress | None = None
) -> Path:
    """The finished case with the plan that stands in place of its own: report, case.json, tables, masks.

    All that stands beside the plan is worked out anew around it, up to twice ``plan.time_limit_s``; where
    the study was opened from DICOM images, SEG, SR and the report as DICOM are written too. Raises
    InputError (NOT_READY), UsageError as ``write_case`` does.
    """
    progress = progress or Silent()
    details, study, started = _details(planning), planning.desk.study, planning.started
    if study.case is None:
        raise InputError(_not_ready(NO_CASE_YET))
    if details.classification is None:
        raise InputError(_not_ready(NO_TYPE_FOLLOWS))
    source, not_written = dicom_source(None if study.read is None else study.read.series)
    with progress.stage("What else could be done around this plan"):
        planned = planned_of(details.state, progress=progress.say)
    with progress.stage("How certain the figures are"):
        case = decided_case(study.case, study, started, details.state, planned)
    case = replace(case, warnings=(*case.warnings, *(n for n in not_written if n not in case.warnings)))
    with progress.stage("Drawing and writing the report"):
        return write_case(
            out,
            case,
            masks=case_masks(started.anatomy, planned),
            figures=_figures(study, started, case, planned),
            log=(),
            plan=replace(details.file, plan=planned.plan),
            source=source,
            overwrite=overwrite,
        )


def _figures(study: OpenedStudy, started: Started, case: CaseResult, planned: Planned) -> dict[str, bytes]:
    images = {image.role: image.volume for image in study.images}
    kind = study.images[0].role if study.images else ""
    return draw_figures(
        image=images.get(kind),
        image_kind=kind,
        suv=images.get("pet") if kind != "pet" else None,
        anatomy=started.anatomy,
        case=case,
        treated=planned.treated,
    )


def _details(planning: Planning) -> Details:
    details = planning.known.details
    if details is None or details.state is not planning.session.state:
        raise InputError(_not_ready(NOT_READY))
    return details


def _not_ready(found: str) -> Fault:
    return Fault(code="NOT_READY", expected="a plan with its Type", found=found, where="plan")
