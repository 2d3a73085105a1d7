"""What is drawn by hand into a plan, without a window: previews, handles, the mouse."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from napari_plugin.planned import Later

from napari_netlm.desk import Desk
from napari_netlm.drawing import CENTER, NORMAL, SHAFT, drawing_of, new_plane, new_probe, surface_on
from napari_netlm.mouse import LEFT
from napari_netlm.plan_figures import moved_words
from napari_netlm.plan_files import (
    NO_TYPE_FOLLOWS,
    save_plan,
    why_no_report,
)
from napari_netlm.plan_handles import KEY as HANDLES
from napari_netlm.plan_layers import DRAWING, DRAWN, SHORT_OF_MARGIN, PlanShown
from napari_netlm.plan_start import Started
from napari_netlm.planning import Planning
from napari_netlm.views import show_3d, show_view
from netlm_imaging.errors import UsageError
from netlm_imaging.plan.drawn import DrawnPlane, DrawnSurface


def test_of_previews_one_is_in_flight_and_the_newest_follows(desk: Desk, started: Started) -> None:
    runner = Later()
    planning = Planning(desk, started, run=runner)
    runner.all()
    planning.hand.take(new_probe(planning.session, 1, "mwa-1-probe"))
    places = []
    for shift in (2.0, 4.0, 6.0):
        center = np.add(planning.hand.drawing.drawn.center_lps_mm, (shift, 0.0, 0.0))
        places.append(center)
        planning.hand.move(planning.hand.drawing.moved(CENTER, center))
    assert len(runner.jobs) == 1
    runner.one()
    assert len(runner.jobs) == 1
    runner.one()
    assert not runner.jobs
    zone = planning.hand.moved.preview.treatment.zones[0]
    assert np.allclose(zone.center_lps_mm, places[-1], atol=1e-6)
    assert (
        planning.hand.moved.preview.figures == planning.session.preview(planning.hand.drawing.drawn).figures
    )


@pytest.mark.parametrize(("together_s", "first"), [(1e9, ["figures first", "drawn"]), (-1.0, ["drawn"])])
def test_a_step_is_drawn_with_its_figures_where_these_come_fast(
    desk: Desk, started: Started, monkeypatch: pytest.MonkeyPatch, together_s: float, first: list[str]
) -> None:
    monkeypatch.setattr("napari_netlm.hand.TOGETHER_S", together_s)
    runner, told = Later(), []
    planning = Planning(desk, started, run=runner)
    planning.hand.take(new_probe(planning.session, 1, "mwa-1-probe"))
    runner.all()
    planning.hand.drawn.connect(lambda: told.append("drawn"))
    center = np.add(planning.hand.drawing.drawn.center_lps_mm, (2.0, 0.0, 0.0))
    planning.hand.move(planning.hand.drawing.moved(CENTER, center))
    if not told:
        told.append("figures first")
    runner.one()
    assert told == first


def test_a_probe_is_moved_dropped_and_moved_again(planning: Planning) -> None:
    planning.hand.take(new_probe(planning.session, 1, "mwa-1-probe"))
    assert planning.hand.moved is not None
    assert any("margin" in words for words in moved_words(planning.hand.moved, asked_mm=5.0))
    planning.drop()
    number = planning.hand.drawing.instead_of
    assert number == planning.session.state.basis.first_drawn
    assert number in planning.session.chosen
    planning.hand.move(
        planning.hand.drawing.moved(
            SHAFT, np.add(planning.hand.drawing.handles_lps_mm[SHAFT], (9.0, 9.0, 9.0))
        )
    )
    planning.drop()
    assert planning.hand.drawing.instead_of == number
    assert len(planning.session.state.basis.drawn) == 1
    axis = np.asarray(planning.session.candidates[number].zones[0].axis_lps)
    assert np.allclose(
        axis,
        np.asarray(planning.hand.drawing.drawn.axis_lps)
        / np.linalg.norm(planning.hand.drawing.drawn.axis_lps),
    )
    planning.undo()
    assert planning.hand.drawing is None


def test_a_step_of_a_drag_is_drawn_and_nothing_else_in_the_window_is_done_anew(planning: Planning) -> None:
    shown, viewer = PlanShown(planning), planning.desk.viewer
    planning.hand.take(new_probe(planning.session, 1, "mwa-1-probe"))
    told: list[str] = []
    planning.desk.layer(HANDLES).events.data.connect(lambda _event: told.append(HANDLES))
    planning.desk.layer(DRAWING).events.data.connect(lambda _event: told.append(DRAWING))
    viewer.layers.events.connect(lambda event: told.append(event.type))
    viewer.dims.events.connect(lambda event: told.append(event.type))
    before = {key: planning.desk.layer(key).data for key in (HANDLES, DRAWING)}
    planning.hand.move(
        planning.hand.drawing.moved(
            CENTER, np.add(planning.hand.drawing.drawn.center_lps_mm, (4.0, 2.0, 0.0))
        )
    )
    assert not any(np.array_equal(planning.desk.layer(key).data, data) for key, data in before.items())
    assert told == []
    shown.close()


def test_what_is_short_of_margin_and_names_of_handles_are_seen_on_the_zone(planning: Planning) -> None:
    shown, desk = PlanShown(planning), planning.desk
    planning.hand.take(new_probe(planning.session, 1, "mwa-1-probe"))
    zone, handles = desk.layer(DRAWING), desk.layer(HANDLES)
    assert zone.opacity * zone.get_color(DRAWN)[3] < 0.5
    assert zone.opacity * zone.get_color(SHORT_OF_MARGIN)[3] == 1.0  # no outline shines through
    layers = desk.viewer.layers
    assert layers.index(desk.layer("lesions")) < layers.index(zone) < layers.index(handles)
    name, of_zone = handles.text.color.constant[:3], zone.get_color(DRAWN)[:3]
    assert np.abs(np.subtract(name, of_zone)).max() > 0.5
    shown.close()


def test_a_planned_ablation_can_be_taken_in_hand_and_a_resection_not(planning: Planning) -> None:
    session = planning.session
    one = next(n for n, c in enumerate(session.candidates) if len(c.zones) == 1)
    drawing = drawing_of(session, one)
    assert np.allclose(drawing.drawn.center_lps_mm, session.candidates[one].zones[0].center_lps_mm)
    planning.hand.take(drawing)
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
    planning.hand.take(half)
    assert planning.hand.moved is not None
    assert planning.hand.moved.type is None
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
    planning.hand.take(drawing.moved(CENTER, np.add(drawing.drawn.center_lps_mm, (400.0, 0.0, 0.0))))
    assert planning.hand.moved is None
    assert planning.hand.why_not.code == "TREATMENT_REFUSED"


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
    planning.hand.take(new_probe(planning.session, 1, "mwa-1-probe"))
    assert desk.layer(HANDLES) is not None
    start_at = desk.frame.to_world(planning.hand.drawing.drawn.center_lps_mm)
    axis = desk.viewer.dims.order[0]
    shift = np.array([7.0, 7.0, 7.0])
    shift[axis] = 25.0  # the slice that is shown is another one
    event, drag = press(planning, start_at + np.eye(3)[axis] * 25.0)
    assert event.handled
    drag_to(event, drag, start_at + shift)
    moved = desk.frame.to_world(planning.hand.drawing.drawn.center_lps_mm) - start_at
    shift[axis] = 0.0
    assert np.allclose(moved, shift, atol=1e-6)
    assert planning.hand.drawing.instead_of in planning.session.chosen
    shown.close()
    assert desk.layer(HANDLES) is None
    assert desk.layer(DRAWING) is None


def test_what_lies_under_the_mouse_is_told_after_a_drag_and_not_at_its_steps(planning: Planning) -> None:
    shown, viewer, told = PlanShown(planning), planning.desk.viewer, []
    planning.hand.take(new_probe(planning.session, 1, "mwa-1-probe"))
    viewer.mouse_over_canvas = True
    viewer.events.status.connect(lambda event: told.append(event.value))
    at = planning.desk.frame.to_world(planning.hand.drawing.handles_lps_mm[CENTER])
    event, drag = press(planning, at)
    viewer.cursor.position = tuple(at + 3.0)
    assert not told
    drag_to(event, drag, at + 3.0)
    assert len(told) == 1
    shown.close()


def test_a_handle_is_dragged_in_3d_in_the_plane_of_the_picture(planning: Planning) -> None:
    shown = PlanShown(planning)
    desk = planning.desk
    planning.hand.take(new_plane(planning.session, 1))
    show_3d(desk.viewer)
    assert desk.layer(HANDLES).visible
    at, ray = desk.frame.to_world(planning.hand.drawing.drawn.point_lps_mm), np.array([0.6, 0.0, 0.8])
    event, drag = press(planning, at - 200.0 * ray, direction=ray)
    assert event.handled
    across = np.array([0.8, 0.0, -0.6])
    drag_to(event, drag, at - 150.0 * ray + 11.0 * across)
    moved = desk.frame.to_world(planning.hand.drawing.drawn.point_lps_mm) - at
    assert np.allclose(moved, 11.0 * across, atol=1e-6)
    shown.close()


def test_names_that_would_lie_over_each_other_stand_beside_one_handle(planning: Planning) -> None:
    shown, viewer = PlanShown(planning), planning.desk.viewer
    viewer.scene.camera.zoom = 4.0
    drawing = new_plane(planning.session, 1)
    planning.hand.take(replace(drawing, drawn=replace(drawing.drawn, normal_lps=(0.0, 1.0, 0.0))))
    names = lambda: list(planning.desk.layer(HANDLES).features["name"])  # noqa: E731
    assert names() == ["plane", "removed side"]
    viewer.scene.camera.zoom = 0.3  # 40 mm are 12 pixels
    assert names() == ["plane, removed side", ""]
    viewer.scene.camera.zoom = 1.0
    assert names() == ["plane", "removed side"]
    planning.hand.move(planning.hand.drawing.moved(NORMAL, np.add(drawing.drawn.point_lps_mm, (0, 0, 40.0))))
    assert names() == ["plane, removed side", ""]  # one above the other in an axial slice
    planning.hand.take(replace(drawing, drawn=surface_on(drawing.drawn)))
    assert sorted(", ".join(filter(None, names())).split(", ")) == [*"123456789", "kept side"]
    assert "kept side" in names()  # far from all others, by itself
    shown.close()


def test_a_press_beside_the_handles_moves_the_picture(planning: Planning) -> None:
    shown = PlanShown(planning)
    planning.hand.take(new_probe(planning.session, 1, "mwa-1-probe"))
    far = planning.desk.frame.to_world(planning.hand.drawing.drawn.center_lps_mm) + 500.0
    event, _ = press(planning, far)
    assert not event.handled
    shown.close()
