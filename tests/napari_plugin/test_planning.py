"""A plan edited on a desk without a window: edits, previews, drawings, what is kept, what is written."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from ingest import builder
from napari.components import ViewerModel
from pydicom import dcmread

from napari_netlm.decided_case import decided_case
from napari_netlm.desk import Desk, clear_desk
from napari_netlm.drawing import CENTER, NORMAL, SHAFT, drawing_of, new_plane, new_probe, surface_on
from napari_netlm.hang import put_on_desk
from napari_netlm.jobs import Reporter
from napari_netlm.mouse import LEFT
from napari_netlm.opened import OpenedStudy
from napari_netlm.outlook import Outlook
from napari_netlm.plan_files import (
    NO_CASE_YET,
    NO_TYPE_FOLLOWS,
    open_plan,
    save_plan,
    why_no_dicom,
    why_no_report,
    write_decision,
)
from napari_netlm.plan_handles import KEY as HANDLES
from napari_netlm.plan_layers import ABLATED, DRAWING, PLAN, RESECTED, PlanShown
from napari_netlm.plan_list import (
    change_words,
    figure_rows,
    lesion_rows,
    moved_words,
    shared_rows,
    status_words,
)
from napari_netlm.plan_start import RECORD, Started, question_of, start
from napari_netlm.planning import Planning
from napari_netlm.runner import attempted
from napari_netlm.views import show_3d, show_view
from napari_netlm.work import load_work
from netlm_imaging.case import CaseResult
from netlm_imaging.clinical import Clinical
from netlm_imaging.errors import InputError, UsageError
from netlm_imaging.export import read_case
from netlm_imaging.ingest import read_mask, scan
from netlm_imaging.lesions.records import Lesion
from netlm_imaging.plan.drawn import DrawnPlane, DrawnSurface
from netlm_imaging.settings import Settings
from netlm_imaging.study import StudyImages


class Later:
    """A runner that does nothing until it is told to."""

    def __init__(self) -> None:
        self.jobs: list[tuple[Any, Any]] = []

    def __call__(self, job: Any, done: Any) -> None:
        self.jobs.append((job, done))

    def one(self) -> None:
        job, done = self.jobs.pop(0)
        done(attempted(job))

    def all(self) -> None:
        while self.jobs:
            self.one()


def begun(desk: Desk) -> Started:
    return start(question_of(desk), Reporter(lambda text: None))


@pytest.fixture(scope="module")
def started_once() -> dict[str, Started]:
    return {}


@pytest.fixture
def desk(study: OpenedStudy, tmp_path: Path) -> Desk:
    return put_on_desk(ViewerModel(), replace(study, path=tmp_path))


@pytest.fixture
def started(desk: Desk, started_once: dict[str, Started]) -> Started:
    """Begun once: a session never changes."""
    if not started_once:
        started_once["it"] = begun(desk)
    return started_once["it"]


@pytest.fixture
def planning(desk: Desk, started: Started) -> Iterator[Planning]:
    made = Planning(desk, started)
    yield made
    made.close()


def refused(planning: Planning) -> list[Any]:
    errors: list[Any] = []
    planning.failed.connect(errors.append)
    planning._errors = errors  # type: ignore[attr-defined]  # kept alive: signals hold their listeners weakly
    return errors


def test_every_lesion_has_its_treatments_or_the_reasons(planning: Planning) -> None:
    rows = lesion_rows(planning)
    assert {row.lesion.id for row in rows} == {lesion.id for lesion in planning.started.lesions}
    assert [row.lesion.volume_ml for row in rows] == sorted((r.lesion.volume_ml for r in rows), reverse=True)
    options = [option for row in rows for option in row.options]
    assert all(option.why for option in options if option.standing == "impossible")
    assert all(option.cost_ml is not None for option in options if option.candidate is not None)
    done = {o.candidate for o in (*options, *shared_rows(planning)) if o.standing == "done"}
    assert done == set(planning.session.chosen)


def test_the_plan_lies_where_its_voxels_are(planning: Planning) -> None:
    shown = PlanShown(planning)
    layer, state = planning.desk.layer(PLAN), planning.session.state
    world = np.argwhere(np.isin(layer.data, (RESECTED, ABLATED))) * layer.scale + layer.translate
    grid = planning.started.anatomy.grid
    at = np.rint(grid.to_index(planning.desk.frame.to_patient(world))).astype(int)
    case = state.basis.case
    treated = np.argwhere(case.treated(planning.session.chosen)) + [
        s.start for s in grid.box_of(case.space.grid)
    ]
    assert {tuple(v) for v in at} == {tuple(v) for v in treated}
    assert not planning.desk.layer("treated").visible
    shown.close()
    assert planning.desk.layer(PLAN) is None


def test_undo_while_an_edit_is_planned_takes_it_back_when_it_stands(desk: Desk, started: Started) -> None:
    later = Later()
    planning = Planning(desk, started, run=later)
    later.all()
    before = planning.session.chosen
    planning.edit(lambda session: session.leave_alone(1))
    assert planning.busy
    planning.undo()
    planning.edit(lambda session: session.leave_alone(2))
    planning.undo()
    planning.redo()
    later.all()
    assert planning.session.state.fixed.leave == {2}
    assert len(planning.session.past) == 1
    planning.undo()
    assert planning.session.chosen == before
    planning.close()


def test_a_forbidden_treatment_is_out_and_comes_back_by_undo(planning: Planning) -> None:
    before, first = planning.figures, planning.session.chosen[0]
    planning.edit(lambda session: session.must_not(first))
    assert first not in planning.session.chosen
    assert planning.last is not None
    assert planning.last.type_after == planning.type == planning.classification.type
    assert change_words(planning.last)
    planning.undo()
    assert planning.figures == before
    planning.redo()
    assert first in planning.session.state.fixed.must_not


def test_what_no_plan_can_do_is_told_and_changes_nothing(planning: Planning) -> None:
    errors, session = refused(planning), planning.session
    planning.change(settings_of(planning.settings, flr={"minimum_percent": 100.0}))
    dear = max(range(len(session.candidates)), key=lambda n: planning.cost_ml(session.candidates[n]))
    planning.edit(lambda s: s.must(dear))
    assert [error.code for error in errors] == ["PLAN_CONFLICT"]
    assert planning.session.past[0] is session.state
    assert not planning.busy


def settings_of(settings: Settings, **tables: dict[str, Any]) -> Settings:
    data = settings.model_dump(mode="json")
    for name, values in tables.items():
        data[name].update(values)
    return Settings.model_validate(data)


def test_of_previews_one_is_in_flight_and_the_newest_follows(desk: Desk, started: Started) -> None:
    runner = Later()
    planning = Planning(desk, started, run=runner)
    runner.all()
    planning.draw(new_probe(planning.session, 1, "mwa-1-probe"))
    places = []
    for shift in (2.0, 4.0, 6.0):
        center = np.add(planning.drawing.drawn.center_lps_mm, (shift, 0.0, 0.0))
        places.append(center)
        planning.move(planning.drawing.moved(CENTER, center))
    assert len(runner.jobs) == 1
    runner.one()
    assert len(runner.jobs) == 1
    runner.one()
    assert not runner.jobs
    zone = planning.moved.preview.treatment.zones[0]
    assert np.allclose(zone.center_lps_mm, places[-1], atol=1e-6)
    assert planning.moved.preview.figures == planning.session.preview(planning.drawing.drawn).figures


@pytest.mark.parametrize(("together_s", "first"), [(1e9, ["figures first", "drawn"]), (-1.0, ["drawn"])])
def test_a_step_is_drawn_with_its_figures_where_these_come_fast(
    desk: Desk, started: Started, monkeypatch: pytest.MonkeyPatch, together_s: float, first: list[str]
) -> None:
    monkeypatch.setattr("napari_netlm.planning.TOGETHER_S", together_s)
    runner, told = Later(), []
    planning = Planning(desk, started, run=runner)
    planning.draw(new_probe(planning.session, 1, "mwa-1-probe"))
    runner.all()
    planning.drawn.connect(lambda: told.append("drawn"))
    center = np.add(planning.drawing.drawn.center_lps_mm, (2.0, 0.0, 0.0))
    planning.move(planning.drawing.moved(CENTER, center))
    if not told:
        told.append("figures first")
    runner.one()
    assert told == first


def test_edits_that_come_fast_are_all_done_in_order(desk: Desk, started: Started) -> None:
    runner = Later()
    planning = Planning(desk, started, run=runner)
    runner.all()
    one, two = planning.session.chosen[:2]
    planning.edit(lambda session: session.must(one))
    planning.edit(lambda session: session.must_not(two))
    assert planning.busy
    assert status_words(planning) == "planning ..."
    runner.all()
    assert not planning.busy
    assert planning.session.state.fixed.must == {one}
    assert planning.session.state.fixed.must_not == {two}
    assert len(planning.session.past) == 2


def test_a_proof_counts_only_for_the_plan_that_it_was_begun_for(desk: Desk, started: Started) -> None:
    state = replace(started.session.state, choice=replace(started.session.state.choice, status="feasible"))
    runner = Later()
    planning = Planning(desk, replace(started, session=replace(started.session, state=state)), run=runner)
    assert planning.proving
    assert "proof goes on" in status_words(planning)
    first = planning.session.chosen[0]
    planning.edit(lambda session: session.must_not(first))
    proof = next(n for n, (job, _) in enumerate(runner.jobs) if "finish" in job.__code__.co_names)
    late = runner.jobs.pop(proof)
    runner.all()
    stands = planning.session
    late[1](attempted(late[0]))
    assert planning.session is stands
    assert stands.state.choice.status == "optimal"
    assert not planning.proving


def test_answers_after_the_study_is_closed_are_thrown_away(desk: Desk, started: Started) -> None:
    runner = Later()
    planning = Planning(desk, started, run=runner)
    planning.beside.append(PlanShown(planning))
    planning.draw(new_probe(planning.session, 1, "mwa-1-probe"))
    planning.edit(lambda session: session.must_not(session.chosen[0]))
    clear_desk(desk.viewer)
    runner.all()
    assert not desk.viewer.layers
    assert not planning.session.past


def test_a_probe_is_moved_dropped_and_moved_again(planning: Planning) -> None:
    planning.draw(new_probe(planning.session, 1, "mwa-1-probe"))
    assert planning.moved is not None
    assert any("margin" in words for words in moved_words(planning.moved, asked_mm=5.0))
    planning.drop()
    number = planning.drawing.instead_of
    assert number == planning.session.state.basis.first_drawn
    assert number in planning.session.chosen
    planning.move(
        planning.drawing.moved(SHAFT, np.add(planning.drawing.handles_lps_mm[SHAFT], (9.0, 9.0, 9.0)))
    )
    planning.drop()
    assert planning.drawing.instead_of == number
    assert len(planning.session.state.basis.drawn) == 1
    axis = np.asarray(planning.session.candidates[number].zones[0].axis_lps)
    assert np.allclose(
        axis, np.asarray(planning.drawing.drawn.axis_lps) / np.linalg.norm(planning.drawing.drawn.axis_lps)
    )
    planning.undo()
    assert planning.drawing is None


def test_a_planned_ablation_can_be_taken_in_hand_and_a_resection_not(planning: Planning) -> None:
    session = planning.session
    one = next(n for n, c in enumerate(session.candidates) if len(c.zones) == 1)
    drawing = drawing_of(session, one)
    assert np.allclose(drawing.drawn.center_lps_mm, session.candidates[one].zones[0].center_lps_mm)
    planning.draw(drawing)
    planning.drop()
    assert one in planning.session.state.fixed.must_not
    other = next(n for n, c in enumerate(session.candidates) if not c.zones)
    with pytest.raises(UsageError) as caught:
        drawing_of(session, other)
    assert caught.value.code == "BAD_EDIT"


def test_no_type_follows_from_a_major_resection(planning: Planning) -> None:
    middle = planning.session.state.basis.case.space.grid
    point = tuple(middle.to_patient((np.array(middle.shape_kji) - 1) / 2).tolist())
    half = replace(
        new_plane(planning.session, 1), drawn=DrawnPlane(point_lps_mm=point, normal_lps=(1.0, 0.0, 0.0))
    )
    assert planning.type is not None
    planning.draw(half)
    assert planning.moved is not None
    assert planning.type_moved is None
    planning.drop()
    assert planning.type is None
    assert planning.last.type_after is None
    assert planning.classification is None
    assert why_no_report(planning) == NO_TYPE_FOLLOWS
    assert save_plan(planning, planning.desk.study.path / "p.json").exists()
    planning.undo()
    assert planning.classification is not None


def test_a_probe_outside_the_liver_is_refused_where_it_is(planning: Planning) -> None:
    drawing = new_probe(planning.session, 1, "mwa-1-probe")
    planning.draw(drawing.moved(CENTER, np.add(drawing.drawn.center_lps_mm, (400.0, 0.0, 0.0))))
    assert planning.moved is None
    assert planning.why_not.code == "TREATMENT_REFUSED"


def test_planes_and_surfaces_follow_their_handles(planning: Planning) -> None:
    drawing = new_plane(planning.session, 1)
    plane = drawing.drawn
    assert isinstance(plane, DrawnPlane)
    turned = drawing.moved(NORMAL, np.add(plane.point_lps_mm, (0.0, 0.0, 30.0))).drawn
    assert np.allclose(turned.normal_lps, (0.0, 0.0, 30.0))
    assert turned.point_lps_mm == plane.point_lps_mm
    surface = replace(drawing, drawn=surface_on(plane))
    assert isinstance(surface.drawn, DrawnSurface)
    bent = surface.moved("point 5", np.add(surface.handles_lps_mm["point 5"], (0.0, 5.0, 0.0))).drawn
    assert bent.points_lps_mm[4][1] == pytest.approx(surface.drawn.points_lps_mm[4][1] + 5.0)
    flat = planning.session.preview(plane).figures
    assert planning.session.preview(surface.drawn).figures.flr_ml == pytest.approx(flat.flr_ml, abs=1.0)


def press(planning: Planning, position: Any, *, direction: Any = None) -> tuple[Any, Any]:
    event = SimpleNamespace(
        type="mouse_press", button=LEFT, position=tuple(position), view_direction=direction, handled=False
    )
    viewer = planning.desk.viewer
    drag = viewer.mouse_drag_callbacks[0](viewer, event)
    next(drag, None)
    return event, drag


def drag_to(event: Any, drag: Any, position: Any) -> None:
    event.type, event.position = "mouse_move", tuple(position)
    next(drag)
    event.type = "mouse_release"
    next(drag, None)


@pytest.mark.parametrize("view", ["axial", "coronal", "sagittal"])
def test_a_handle_is_dragged_in_a_slice_and_keeps_its_depth(planning: Planning, view: str) -> None:
    shown = PlanShown(planning)
    desk = planning.desk
    show_view(desk.viewer, view)
    planning.draw(new_probe(planning.session, 1, "mwa-1-probe"))
    assert desk.layer(HANDLES) is not None
    start_at = desk.frame.to_world(planning.drawing.drawn.center_lps_mm)
    axis = desk.viewer.dims.order[0]
    shift = np.array([7.0, 7.0, 7.0])
    shift[axis] = 25.0  # the slice that is shown is another one
    event, drag = press(planning, start_at + np.eye(3)[axis] * 25.0)
    assert event.handled
    drag_to(event, drag, start_at + shift)
    moved = desk.frame.to_world(planning.drawing.drawn.center_lps_mm) - start_at
    shift[axis] = 0.0
    assert np.allclose(moved, shift, atol=1e-6)
    assert planning.drawing.instead_of in planning.session.chosen
    shown.close()
    assert desk.layer(HANDLES) is None
    assert desk.layer(DRAWING) is None


def test_a_handle_is_dragged_in_3d_in_the_plane_of_the_picture(planning: Planning) -> None:
    shown = PlanShown(planning)
    desk = planning.desk
    planning.draw(new_plane(planning.session, 1))
    show_3d(desk.viewer)
    assert desk.layer(HANDLES).visible
    at, ray = desk.frame.to_world(planning.drawing.drawn.point_lps_mm), np.array([0.6, 0.0, 0.8])
    event, drag = press(planning, at - 200.0 * ray, direction=ray)
    assert event.handled
    across = np.array([0.8, 0.0, -0.6])
    drag_to(event, drag, at - 150.0 * ray + 11.0 * across)
    moved = desk.frame.to_world(planning.drawing.drawn.point_lps_mm) - at
    assert np.allclose(moved, 11.0 * across, atol=1e-6)
    shown.close()


def test_a_press_beside_the_handles_moves_the_picture(planning: Planning) -> None:
    shown = PlanShown(planning)
    planning.draw(new_probe(planning.session, 1, "mwa-1-probe"))
    far = planning.desk.frame.to_world(planning.drawing.drawn.center_lps_mm) + 500.0
    event, _ = press(planning, far)
    assert not event.handled
    shown.close()


def test_the_plan_is_kept_with_the_work_and_gone_on_with(planning: Planning) -> None:
    first = planning.session.chosen[0]
    planning.edit(lambda session: session.must_not(first))
    planning.know(planning.clinical.model_copy(update={"liver_quality": "cirrhosis"}))
    planning.change(settings_of(planning.settings, plan={"max_interventions": 6}))
    desk = planning.desk
    desk.autosave.flush()
    saved = load_work(desk.autosave.folder, desk.study.grid)
    assert saved.records[RECORD]["plan"]["debulking_percent"] == planning.figures.debulking_percent
    assert saved.records["clinical"]["liver_quality"] == "cirrhosis"
    assert saved.records["settings"]["plan"]["max_interventions"] == 6
    again = begun(desk)
    assert again.session.figures == planning.figures
    assert again.session.state.fixed == planning.session.state.fixed
    assert not again.notices


def test_facts_that_were_changed_since_hold_for_the_saved_plan(planning: Planning) -> None:
    planning.edit(lambda session: session.must_not(session.chosen[0]))
    desk = planning.desk
    desk.record("clinical", {"liver_quality": "cirrhosis"})
    desk.record("settings", {"ablation": {"margin_mm": 7.0}})
    again = begun(desk).session
    assert again.state.basis.case.clinical == Clinical(liver_quality="cirrhosis")
    assert again.state.basis.settings.ablation.margin_mm == 7.0
    assert again.state.fixed.must_not
    assert not again.past


def test_a_plan_of_other_masks_is_told_and_planned_anew(planning: Planning) -> None:
    planning.edit(lambda session: session.must_not(session.chosen[0]))
    desk = planning.desk
    layer = desk.layer("lesions")
    where = tuple(np.argwhere(layer.data == 1)[:4].T)
    desk.edit("lesions", where, 0)
    assert planning.outdated
    again = begun(desk)
    assert [notice.code for notice in again.notices] == ["PLANNED_ANEW"]
    assert not again.session.state.fixed.must_not


def test_a_study_without_masks_says_what_is_missing(study: OpenedStudy) -> None:
    desk = put_on_desk(ViewerModel(), replace(study, masks={}, case=None))
    with pytest.raises(InputError) as caught:
        question_of(desk)
    assert caught.value.code == "MASKS_NEEDED"
    assert why_no_report(None)


def test_figures_stand_against_their_limits(planning: Planning) -> None:
    planning.know(Clinical(height_cm=172.0, weight_kg=74.0, liver_quality="cirrhosis"))
    rows = {
        row.name: row
        for row in figure_rows(
            planning.figures, planning.last, type_now=planning.type, threshold_percent=70.0
        )
    }
    assert "40 %" in rows["sFLR"].value
    assert rows["Type"].value == str(planning.type)
    assert f"{planning.figures.flr_ml:.0f} mL" == rows["Remnant (FLR)"].value


def test_a_point_of_the_frontier_becomes_the_plan(planning: Planning) -> None:
    outlook = Outlook(planning)
    outlook.find_frontier(seconds=10.0)
    point = outlook.more.frontier[len(outlook.more.frontier) // 2]
    assert point.flr_percent > planning.figures.flr_percent
    outlook.take(point)
    assert planning.figures.debulking_percent == pytest.approx(point.debulking_percent)
    assert planning.figures.flr_percent == pytest.approx(point.flr_percent)
    assert "frontier" not in outlook.outdated
    planning.edit(lambda session: session.must_not(session.chosen[0]))
    assert "frontier" in outlook.outdated


def test_growth_is_projected_or_said_to_be_of_no_use(planning: Planning) -> None:
    outlook = Outlook(planning)
    outlook.find_growth(seconds=5.0)
    assert outlook.growth is not None
    assert not outlook.searching


def test_two_plans_are_compared_and_the_kept_one_comes_back(planning: Planning) -> None:
    planning.keep()
    kept = planning.figures
    planning.edit(lambda session: session.must_not(session.chosen[0]))
    change = planning.compared()
    assert change.flr_ml == pytest.approx(planning.figures.flr_ml - kept.flr_ml)
    assert change.removed
    planning.go_back()
    assert planning.figures == kept
    planning.undo()
    assert planning.figures != kept


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
    folder = write_decision(planning, tmp_path / "decided")
    case = read_case(folder)
    assert case.plan == planning.session.plan
    assert case.classification == planning.classification
    assert any(warning.code == "PLAN_EDITED" for warning in case.warnings)
    assert "A person edited this plan" in (folder / "report.html").read_text(encoding="utf-8")
    assert why_no_dicom(planning)
    assert not (folder / "dicom").exists()
    report = (folder / "report.html").read_text(encoding="utf-8")
    assert "A person edited this plan" in report
    assert "those of the first run" in report
    assert case.frontier == first.frontier
    assert case.alternatives == tuple(p for p in first.alternatives if p.objective != case.plan.objective)
    assert case.alternatives
    spread = case.uncertainty
    assert spread.debulking_p05 <= case.plan.debulking_percent + 1e-6
    assert spread.debulking_p05 <= spread.debulking_p50 <= spread.debulking_p95
    assert spread != first.uncertainty, "drawn for this plan"


def test_other_plans_are_left_out_of_the_report_where_they_answer_another_question(
    planning: Planning,
) -> None:
    first = of_these_masks(planning)
    details, lesions = planning.details, planning.started.lesions
    kept = decided_case(first, details, planning.classification, lesions)
    assert kept.frontier
    shrunk = (replace(first.lesions[0], volume_ml=0.1), *first.lesions[1:])
    wider = settings_of(first.settings, ablation={"margin_mm": 7.0})
    for other in (replace(first, lesions=shrunk), replace(first, settings=wider)):
        made = decided_case(other, details, planning.classification, lesions)
        assert (made.frontier, made.alternatives, made.limit_steps) == ((), (), ())
        assert "left out" in made.warnings[-1].message


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
