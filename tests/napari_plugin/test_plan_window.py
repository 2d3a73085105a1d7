"""Plan and Decide in a real window, driven as a person would."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from napari.components import ViewerModel
from napari_plugin.planned import Later, settings_of
from napari_plugin.windows import counted_events, wait_for, why_no_window

from napari_netlm.decision import NOT_WEIGHED
from napari_netlm.desk import clear_desk
from napari_netlm.drawing import SHAFT
from napari_netlm.hang import put_on_desk
from napari_netlm.opened import OpenedStudy
from napari_netlm.plan_figures import WARNING
from napari_netlm.plan_files import NO_CASE_YET, open_plan, save_plan
from napari_netlm.plan_list import MARKS
from netlm_imaging.export import read_case
from netlm_imaging.plan.options import TOO_MUCH

if why := why_no_window():
    pytest.skip(why, allow_module_level=True)

from qtpy.QtCore import QPoint, Qt
from qtpy.QtTest import QTest

from napari_netlm.planning import Planning
from napari_netlm.widgets.begin_row import AGAIN, NOTHING_OPEN
from napari_netlm.widgets.decide import DecideWidget
from napari_netlm.widgets.plan import PlanWidget


@pytest.fixture(scope="module")
def application() -> Any:
    """Qt itself."""
    from napari.qt import get_qapp

    return get_qapp()


@pytest.fixture
def viewer(study: OpenedStudy, tmp_path: Path) -> ViewerModel:
    """It draws nothing, which is what takes long; a finished case is open."""
    made = ViewerModel()
    put_on_desk(made, replace(study, path=tmp_path))
    return made


@pytest.fixture
def plan(application: Any, viewer: ViewerModel) -> Iterator[PlanWidget]:
    made = PlanWidget(viewer)
    made.show()
    QTest.qWaitForWindowExposed(made)
    settled(made)
    yield made
    made.close()
    clear_desk(viewer)
    application.processEvents()


def settled(widget: Any) -> None:
    wait_for(lambda: widget.planning is not None and not widget.planning.busy)
    wait_for(lambda: widget.planning.classification is not None and not widget.planning.proving)


def selected(plan: PlanWidget) -> int:
    """A treatment of the plan, selected."""
    candidate = plan.planning.session.chosen[0]
    lesion = plan.planning.session.candidates[candidate].lesions
    plan.treat.list.select(lesion[0] if lesion else None, candidate)
    return candidate


def test_a_finished_case_is_planned_as_soon_as_it_is_seen(plan: PlanWidget) -> None:
    assert plan.planning.classification.provisional
    assert plan.figures.texts["Type"][0] == f"{plan.planning.type} (provisional)"
    assert plan.treat.list.topLevelItemCount() >= len(plan.planning.started.lesions)
    assert not plan.buttons["Undo"].isEnabled()


def test_buttons_and_keys_fix_and_free_treatments(plan: PlanWidget) -> None:
    candidate = selected(plan)
    began = time.perf_counter()
    plan.treat.buttons["Never"].click()
    wait_for(lambda: not plan.planning.busy)
    assert time.perf_counter() - began < 5.0
    assert candidate in plan.planning.session.state.fixed.must_not
    assert plan.treat.list.selected[1] == candidate
    settled(plan)
    plan.treat.list.setFocus()
    QTest.keyClick(plan.treat.list, Qt.Key.Key_F)
    settled(plan)
    assert not plan.planning.session.state.fixed.must_not
    plan.buttons["Undo"].click()
    settled(plan)
    assert candidate in plan.planning.session.state.fixed.must_not


def test_a_lesion_is_shown_when_it_is_selected(plan: PlanWidget) -> None:
    lesion = plan.planning.started.lesions[2]
    plan.treat.list.select(lesion.id)
    shown = plan.planning.desk.point_lps_mm
    assert abs(shown - lesion.centroid_lps_mm).max() <= max(plan.planning.desk.study.grid.spacing_mm)
    assert "Select a treatment" in plan.treat.missing.text()


def test_a_refusal_is_said_in_the_window(plan: PlanWidget) -> None:
    plan.limits.form.edited.emit(plan.limits.form.fields[0], "100")
    settled(plan)
    plan.limits.form.edited.emit(plan.limits.form.fields[0], "no number")
    assert "BAD_SETTINGS" in plan.messages.toPlainText()
    plan.by_hand.buttons["New probe"].click()
    assert plan.by_hand.text.text()


def test_what_was_refused_is_over_once_another_plan_stands(plan: PlanWidget) -> None:
    decide = DecideWidget(plan.viewer)
    decide.show()
    least_flr = plan.limits.form.fields[0]
    for is_over in (plan.buttons["Undo"].click, lambda: plan.limits.form.edited.emit(least_flr, "10")):
        plan.limits.form.edited.emit(least_flr, "100")
        plan.planning.edit(lambda session: session.must(0))
        settled(plan)
        assert "PLAN_CONFLICT" in plan.messages.toPlainText()
        assert "PLAN_CONFLICT" in decide.messages.toPlainText()
        is_over()
        settled(plan)
        assert not plan.messages.toPlainText()
        assert not decide.messages.toPlainText()
    decide.close()


def test_a_symptomatic_lesion_that_is_not_there_is_told_at_once(plan: PlanWidget) -> None:
    decide = DecideWidget(plan.viewer)
    decide.show()
    field = next(f for f in decide.form.fields if f.path == "symptomatic_lesions")
    decide.form.edited.emit(field, "2, 77")
    settled(decide)
    assert "names 77: there is no such lesion" in decide.messages.toPlainText()
    decide.form.edited.emit(field, "2")
    settled(decide)
    assert not decide.messages.toPlainText()
    decide.close()


def test_devices_by_hand_are_those_of_the_plan_that_stands(plan: PlanWidget, tmp_path: Path) -> None:
    planning = plan.planning
    before = [plan.by_hand.device.itemData(n) for n in range(plan.by_hand.device.count())]
    kept = save_plan(planning, tmp_path / "plan.json")
    planning.change(settings_of(planning.settings, ablation={"devices": ["rfa-1-probe"]}))
    settled(plan)
    other = save_plan(planning, tmp_path / "other.json")
    assert plan.by_hand.device.itemData(0) == "rfa-1-probe"
    for file, first in ((kept, before[0]), (other, "rfa-1-probe")):
        open_plan(planning, file)
        settled(plan)
        assert plan.by_hand.device.findData(first) == 0
        assert "The limits and settings of the file hold now" in plan.change.text()


def test_what_is_possible_follows_the_limits_at_once(plan: PlanWidget) -> None:
    def rows() -> dict[str, list[Any]]:
        found: dict[str, list[Any]] = {}
        for item in plan.treat.list._items():
            kind, lesion, _candidate = item.data(0, Qt.ItemDataRole.UserRole)
            if kind == "option" and lesion == 2:
                found.setdefault(item.text(3), []).append(item.text(0))
        return found

    def limit(path: str, text: str) -> None:
        plan.limits.form.edited.emit(next(f for f in plan.limits.form.fields if f.path == path), text)
        settled(plan)

    before = rows()
    assert TOO_MUCH not in before
    limit("flr.minimum_percent", "99.5")
    few = rows()
    assert few[TOO_MUCH], "lesion 2 has treatments that lose more than half a percent"
    assert all(name.startswith(MARKS["impossible"]) for name in few[TOO_MUCH])
    named = [name for names in few.values() for name in names if "blation" in name]
    assert named, "each ablation is listed once, with its reason"
    assert len(named) == sum("blation" in name for names in before.values() for name in names)
    plan.undo()
    settled(plan)
    assert rows() == before
    limit("ablation.max_ablations", "0")
    assert "more ablations than the limits allow" in rows()


def test_a_new_probe_shows_figures_and_is_done_where_it_is(plan: PlanWidget) -> None:
    plan.by_hand.buttons["New probe"].click()
    wait_for(lambda: plan.planning.hand.moved is not None)
    assert "nothing else changed" in plan.figures.texts["Plan"][0]
    plan.by_hand.buttons["Do it here"].click()
    settled(plan)
    assert len(plan.planning.session.state.basis.drawn) == 1
    plan.by_hand.buttons["Put away"].click()
    assert plan.planning.hand.drawing is None


def test_a_probe_turned_into_a_vein_is_told_while_it_moves_and_once_it_is_done(plan: PlanWidget) -> None:
    """The vein is the nearest to the middle of the lesion: the probe is turned to come through it."""
    plan.by_hand.buttons["New probe"].click()
    wait_for(lambda: plan.planning.hand.moved is not None)
    assert "the shaft as drawn: clear" in plan.by_hand.text.text()
    drawing, space = plan.planning.hand.drawing, plan.planning.session.state.basis.case.space
    vein = space.grid.to_patient(np.argwhere(space.major_vessels))
    at = vein[np.linalg.norm(vein - drawing.drawn.center_lps_mm, axis=1).argmin()]
    plan.planning.hand.move(drawing.moved(SHAFT, at))
    wait_for(lambda: "through the major vessels" in plan.by_hand.text.text())
    assert plan.by_hand.text.text().startswith(WARNING)
    plan.by_hand.buttons["Do it here"].click()
    settled(plan)
    assert "through the major vessels" in plan.by_hand.text.text()
    assert "DRAWN_SHAFT_UNSAFE" in plan.messages.toPlainText()
    told = plan.minimumSizeHint().height()
    plan.messages.hide()
    assert told - plan.minimumSizeHint().height() < 60  # a window that is full would grow
    plan.messages.show()
    plan.undo()
    settled(plan)
    assert "DRAWN_SHAFT_UNSAFE" not in plan.messages.toPlainText()


def test_a_click_on_the_frontier_takes_its_point(plan: PlanWidget) -> None:
    plan.tabs.setCurrentWidget(plan.frontier)
    plan.frontier.search.click()
    wait_for(lambda: not plan.outlook.searching)
    point = plan.outlook.more.frontier[-2]
    plot = plan.frontier.plot
    QTest.mouseClick(
        plot,
        Qt.MouseButton.LeftButton,
        pos=plot.place(point.flr_percent, point.debulking_percent).toPoint(),
    )
    settled(plan)
    assert plan.planning.figures.debulking_percent == pytest.approx(point.debulking_percent)
    QTest.mouseClick(plot, Qt.MouseButton.LeftButton, pos=QPoint(1, 1))
    assert len(plan.planning.session.past) == 1


def test_two_plans_stand_side_by_side(plan: PlanWidget) -> None:
    plan.compare.keep.click()
    selected(plan)
    plan.treat.buttons["Never"].click()
    settled(plan)
    plan.tabs.setCurrentWidget(plan.compare)
    assert plan.compare.kept.texts["Liver lost"][0]
    assert plan.compare.words.text()


def test_changed_masks_are_told_and_planned_again(plan: PlanWidget) -> None:
    desk = plan.planning.desk
    first = plan.planning
    desk.edit("lesions", tuple((desk.layer("lesions").data == 1).nonzero()), 0)
    assert plan.begin.button.text() == AGAIN
    plan.begin.button.click()
    wait_for(lambda: plan.planning is not first)
    settled(plan)
    assert 1 not in {lesion.id for lesion in plan.planning.started.lesions}


def test_masks_that_change_while_a_plan_is_made_are_told(plan: PlanWidget) -> None:
    desk, first = plan.planning.desk, plan.planning
    plan.begin.begin()
    desk.edit("lesions", tuple((desk.layer("lesions").data == 1).nonzero()), 0)
    wait_for(lambda: plan.planning is not first)
    assert plan.planning.outdated
    assert plan.begin.button.text() == AGAIN
    plan.begin.button.click()
    wait_for(lambda: not plan.planning.outdated)
    settled(plan)


def test_a_plan_that_is_cancelled_can_be_begun_again(plan: PlanWidget) -> None:
    plan.planning.desk.edit("lesions", tuple((plan.planning.desk.layer("lesions").data == 1).nonzero()), 0)
    plan.begin.begin()
    assert not plan.begin.button.isEnabled()
    plan.begin.job.cancel()
    assert plan.begin.button.isEnabled()


def test_what_is_decided_while_a_plan_is_made_anew_stays_decided(plan: PlanWidget) -> None:
    first = plan.planning
    plan.begin.begin()
    first.know(first.clinical.model_copy(update={"height_cm": 171.0}))
    wait_for(lambda: plan.planning is not first)
    assert plan.planning.clinical.height_cm == 171.0
    settled(plan)


def test_an_edit_that_is_worked_out_while_a_plan_made_anew_arrives_is_not_lost(plan: PlanWidget) -> None:
    first, later = plan.planning, Later()
    first.run = later
    plan.begin.begin()
    first.edit(lambda session: session.leave_alone(1))
    wait_for(lambda: not plan.begin.job.busy)
    QTest.qWait(150)
    assert plan.planning is first
    later.one()  # the edit stands, and is not on the desk yet
    QTest.qWait(150)
    assert plan.planning is first
    later.all()
    wait_for(lambda: plan.planning is not first)
    assert plan.planning.session.state.fixed.leave == {1}
    settled(plan)


def test_a_plan_that_comes_late_takes_no_place_of_one_that_people_work_on(plan: PlanWidget) -> None:
    desk = plan.planning.desk
    decide = DecideWidget(plan.viewer)
    decide.begin.begin()
    other = Planning(desk, plan.planning.started)
    desk.planning.close()
    desk.planning = other  # as another row does
    wait_for(lambda: not decide.begin.job.busy)
    assert desk.planning is other
    decide.close()


def test_a_closed_study_takes_its_plan_with_it(plan: PlanWidget, viewer: ViewerModel) -> None:
    clear_desk(viewer)
    wait_for(lambda: plan.planning is None)
    assert plan.begin.text.text() == NOTHING_OPEN
    assert not plan.work.isEnabled()


def test_facts_give_the_type_and_the_report_is_written(
    plan: PlanWidget, viewer: ViewerModel, tmp_path: Path
) -> None:
    decide = DecideWidget(viewer)
    decide.show()
    settled(decide)
    field = next(f for f in decide.form.fields if f.path == "liver_quality")
    box = decide.form.boxes[field.path]
    box.setCurrentIndex(box.findData("cirrhosis"))
    box.activated.emit(box.currentIndex())
    settled(decide)
    assert plan.planning.clinical.liver_quality == "cirrhosis"
    assert f"Type {plan.planning.type}" in decide.type.toPlainText()
    assert NOT_WEIGHED in decide.type.toPlainText()
    assert decide.missing.text()
    wait_for(lambda: plan.planning.known.weighed)
    assert NOT_WEIGHED not in decide.type.toPlainText()
    assert "with any resection the remnant allows" in decide.type.toPlainText()
    height = decide.form.boxes["height_cm"]
    height.setText("")
    QTest.keyClicks(height, "9000")
    QTest.keyClick(height, Qt.Key.Key_Return)
    assert "BAD_CLINICAL" in decide.messages.toPlainText()
    decide.write_to(tmp_path / "decided")
    wait_for(lambda: not decide.job.busy)
    assert read_case(tmp_path / "decided").clinical.liver_quality == "cirrhosis"
    decide.close()


def test_the_button_says_what_a_report_needs(application: Any, study: OpenedStudy, tmp_path: Path) -> None:
    viewer = ViewerModel()
    put_on_desk(viewer, replace(study, path=tmp_path, case=None))
    decide = DecideWidget(viewer)
    plan = PlanWidget(viewer)
    assert not plan.buttons["Open plan..."].isEnabled()  # there is nothing to do with a plan
    assert not plan.treat.buttons["Do"].isEnabled()
    plan.close()
    assert decide.planning is None
    assert decide.why_not.text() == "Plan first."
    decide.begin.button.click()
    settled(decide)
    assert decide.why_not.text() == NO_CASE_YET
    assert not decide.write.isEnabled()
    decide.close()
    clear_desk(viewer)
    application.processEvents()


def test_a_probe_is_begun_by_one_key_on_a_lesion(plan: PlanWidget) -> None:
    lesion = plan.planning.started.lesions[-1].id
    plan.treat.list.select(lesion)
    QTest.keyClick(plan.treat.list, Qt.Key.Key_M)
    assert plan.tabs.currentWidget() is plan.by_hand
    assert plan.planning.hand.drawing is not None
    assert plan.by_hand.lesion.currentData() == lesion


def test_a_step_of_a_drag_does_not_lay_out_the_panel_anew(plan: PlanWidget) -> None:
    plan.by_hand.buttons["New probe"].click()
    wait_for(lambda: plan.planning.hand.moved is not None)
    drawing, room = plan.planning.hand.drawing, plan.outcome.height()
    center = drawing.handles_lps_mm["center"]
    with counted_events(plan, "LayoutRequest") as layouts:
        for step in range(1, 4):
            before = plan.planning.hand.moved
            plan.planning.hand.move(drawing.moved("center", center + 4.0 * step))
            wait_for(lambda before=before: plan.planning.hand.moved is not before)
    assert not layouts
    assert plan.outcome.height() == room


def test_figures_find_room_as_they_get_longer(plan: PlanWidget) -> None:
    room = plan.outcome.height()
    plan.change.setText("one more line\n" * 8)
    plan.change.show()
    wait_for(lambda: plan.outcome.height() > room)
    assert plan.outcome.height() >= plan.outcome.widget().heightForWidth(plan.outcome.viewport().width())
    plan.refresh()
    wait_for(lambda: plan.outcome.height() == room)


def test_every_button_tells_what_it_does(plan: PlanWidget) -> None:
    buttons = [*plan.buttons.values(), *plan.treat.buttons.values(), *plan.by_hand.buttons.values()]
    assert all(button.toolTip() for button in buttons)


def test_a_probe_is_dragged_in_the_picture(application: Any, study: OpenedStudy, tmp_path: Path) -> None:
    import napari

    viewer = napari.Viewer(show=True)
    model = viewer.window._qt_viewer.viewer
    put_on_desk(model, replace(study, path=tmp_path))
    made = PlanWidget(model)
    viewer.window.add_dock_widget(made, area="right", name="Plan")
    settled(made)
    made.by_hand.buttons["New probe"].click()
    wait_for(lambda: made.planning.hand.moved is not None)
    canvas = viewer.window._qt_viewer.canvas
    before = made.planning.hand.drawing.drawn.center_lps_mm
    at = _on_canvas(viewer, made.planning.desk.frame.to_world(before))
    QTest.mousePress(canvas.native, Qt.MouseButton.LeftButton, pos=at)
    for step in range(1, 6):
        QTest.mouseMove(canvas.native, at + QPoint(4 * step, 0))
        QTest.qWait(6)  # as a hand does: napari takes one move in 5 ms
    QTest.qWait(50)
    QTest.mouseRelease(canvas.native, Qt.MouseButton.LeftButton, pos=at + QPoint(20, 0))
    settled(made)
    after = made.planning.hand.drawing.drawn.center_lps_mm
    world = made.planning.desk.frame.to_world(after) - made.planning.desk.frame.to_world(before)
    assert world[2] == pytest.approx(20 / model.scene.camera.zoom, rel=0.3)  # to the patient's left
    assert len(made.planning.session.state.basis.drawn) == 1
    viewer.window.remove_dock_widget(made)
    made.close()
    viewer.close()
    application.processEvents()


def _on_canvas(viewer: Any, world: Any) -> QPoint:
    canvas, model = viewer.window._qt_viewer.canvas, viewer.window._qt_viewer.viewer
    shown = [float(world[axis]) for axis in model.dims.displayed][::-1]
    x, y = canvas.view.scene.transform.map([*shown, 0.0])[:2]
    return QPoint(round(x), round(y))
