"""What goes out of a plan that was edited: its file, the report, DICOM."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import get_args

import numpy as np
from ingest import builder
from pydicom import dcmread

from napari_netlm.jobs import Reporter
from napari_netlm.plan_files import (
    NO_CASE_YET,
    open_plan,
    save_plan,
    why_no_dicom,
    why_no_report,
    write_decision,
)
from napari_netlm.planning import Planning
from netlm_imaging.anatomy import Surroundings
from netlm_imaging.case import CaseResult
from netlm_imaging.errors import Notice
from netlm_imaging.export import read_case
from netlm_imaging.ingest import read_mask, read_plan, scan
from netlm_imaging.lesions.records import Lesion
from netlm_imaging.plan.devices import comparison_devices
from netlm_imaging.plan.records import Plan
from netlm_imaging.plan.session import PlanSession
from netlm_imaging.settings import Objective
from netlm_imaging.study import StudyImages
from netlm_imaging.volume import Mask


def test_a_plan_file_goes_out_and_comes_back(planning: Planning, tmp_path: Path) -> None:
    first = planning.session.chosen[0]
    planning.edit(lambda session: session.must_not(first))
    figures, file = planning.figures, save_plan(planning, tmp_path / "mine.json")
    planning.undo()
    open_plan(planning, file)
    assert planning.figures == figures
    assert first in planning.session.state.fixed.must_not
    planning.undo()
    assert not planning.session.state.fixed.must_not


def test_a_plan_that_is_opened_keeps_what_probes_meet_and_tells_its_facts(
    planning: Planning, tmp_path: Path
) -> None:
    """The file holds the facts of its day, and not what surrounds the liver."""
    case = planning.session.state.basis.case
    file = save_plan(planning, tmp_path / "mine.json")
    planning.know(planning.clinical.model_copy(update={"liver_quality": "cirrhosis"}))
    liver = planning.started.anatomy.liver
    around = Surroundings(body=Mask(np.ones_like(liver.array), liver.grid))
    basis = planning.session.state.basis
    ways = replace(case.ways, around=around)
    state = replace(planning.session.state, basis=replace(basis, case=replace(basis.case, ways=ways)))
    planning.session = replace(planning.session, state=state)
    open_plan(planning, file)
    assert planning.session.state.basis.case.ways.around is around
    assert planning.gone == ("The facts of the patient of the file hold now",)


def of_these_masks(planning: Planning) -> CaseResult:
    """The made-up case of the example, as if its run had planned on these masks, under these settings."""
    case, plan = planning.desk.study.case, planning.session.plan
    measured = [
        {name: getattr(lesion, name) for name in Lesion.__dataclass_fields__}
        for lesion in planning.started.lesions
    ]
    lesions = [replace(one, **fields) for one, fields in zip(case.lesions, measured, strict=True)]
    return replace(
        case,
        settings=planning.settings,
        lesions=tuple(lesions),
        plan=replace(case.plan, minimums=plan.minimums),
    )


def test_the_report_is_of_the_plan_that_stands(planning: Planning, tmp_path: Path) -> None:
    planning.edit(lambda session: session.must_not(session.chosen[0]))
    assert planning.edited_words() == "1 fixed choice"
    first = of_these_masks(planning)
    planning.desk.study = replace(planning.desk.study, case=first)
    told: list[str] = []
    folder = write_decision(planning, tmp_path / "decided", progress=Reporter(told.append))
    case = read_case(folder)
    assert counted(case.plan) == counted(planning.session.plan)
    assert case.classification.type == planning.classification.type
    assert "A person edited this plan" in (folder / "report.html").read_text(encoding="utf-8")
    assert read_plan(folder / "plan.json").plan == case.plan
    assert why_no_dicom(planning)
    assert not (folder / "dicom").exists()
    spread = case.uncertainty
    assert spread.debulking_p05 <= case.plan.debulking_percent + 1e-6
    assert spread.debulking_p05 <= spread.debulking_p50 <= spread.debulking_p95
    assert spread != first.uncertainty, "drawn for this plan"
    assert "What a larger remnant would allow" in told
    assert [w.code for w in case.warnings].count("PLAN_EDITED") == 1


def counted(plan: Plan) -> Plan:
    """Without which minimum binds, which a session does not look for."""
    return replace(plan, minimums=tuple(replace(m, binding=False) for m in plan.minimums))


def test_the_report_says_of_an_edited_plan_all_that_a_run_says(planning: Planning, tmp_path: Path) -> None:
    planning.desk.study = replace(planning.desk.study, case=of_these_masks(planning))
    first = read_case(write_decision(planning, tmp_path / "as planned"))
    dropped = next(t.name for t in first.plan.treatments if t.lesions)
    planning.edit(lambda session: session.must_not(named(session, dropped)))
    case = read_case(write_decision(planning, tmp_path / "edited"))
    for one in (first, case):
        assert {one.plan.objective, *(p.objective for p in one.alternatives)} == set(get_args(Objective))
        assert one.frontier
        assert one.device_comparison is not None
        assert one.device_comparison.devices == comparison_devices(planning.settings)
        assert one.function is not None
    assert case.function.remnant_signal != first.function.remnant_signal, "of the remnant of this plan"
    assert case.function.hui == first.function.hui
    plans = (case.plan, *case.alternatives)
    assert all(dropped != t.name for plan in plans for t in plan.treatments), "other plans obey it too"


def named(session: PlanSession, name: str) -> int:
    return next(n for n in session.chosen if session.candidates[n].name == name)


def test_without_images_no_function_is_told(planning: Planning, tmp_path: Path) -> None:
    planning.desk.study = replace(planning.desk.study, case=of_these_masks(planning), images=())
    assert read_case(write_decision(planning, tmp_path / "decided")).function is None


def test_warnings_of_the_first_plan_go_and_those_of_the_study_stay(
    planning: Planning, tmp_path: Path
) -> None:
    old = Notice(code="MARGIN_NOT_REACHED", message="Of the first plan.", where="plan")
    kept = Notice(code="RESAMPLED_MASK", message="Of a mask.", where="vessels")
    first = replace(of_these_masks(planning), warnings=(kept, old))
    planning.desk.study = replace(planning.desk.study, case=first)
    warnings = read_case(write_decision(planning, tmp_path / "decided")).warnings
    assert kept in warnings
    assert old not in warnings


def test_without_a_case_there_is_no_report(planning: Planning) -> None:
    planning.desk.study = replace(planning.desk.study, case=None)
    assert why_no_report(planning) == NO_CASE_YET


def test_a_report_on_dicom_images_has_seg_and_sr_of_the_plan_that_stands(
    planning: Planning, tmp_path: Path
) -> None:
    builder.write(builder.mr(), tmp_path / "dicom")
    (series,) = scan(tmp_path / "dicom").series
    read = StudyImages(reference=None, reference_role="hbp", series=series)
    planning.desk.study = replace(planning.desk.study, read=read)
    assert not why_no_dicom(planning)
    planning.edit(lambda session: session.must_not(session.chosen[0]))
    folder = write_decision(planning, tmp_path / "decided")
    treated, written = (
        read_mask(str(folder / at)).labels for at in ("masks/treated.nii.gz", "dicom/treated.dcm")
    )
    assert np.count_nonzero(written.array) == np.count_nonzero(treated.array)
    report = dcmread(folder / "dicom/report.dcm")
    pdf = (folder / "report.pdf").read_bytes()
    assert report.EncapsulatedDocument[: report.EncapsulatedDocumentLength] == pdf
    assert (folder / "dicom/measurements.dcm").is_file()
