"""Landmarks of a review without a window: set, moved and undone, segments that follow, the audit trail."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from napari.components import ViewerModel

from benchmarks.clicks import drawn_landmarks
from napari_netlm.desk import clear_desk
from napari_netlm.hang import put_on_desk
from napari_netlm.opened import OpenedStudy
from napari_netlm.reviewing import Reviewing
from napari_netlm.run import given_masks
from napari_netlm.tool_mouse import SET_IN_SLICES
from napari_netlm.tools import Tools
from napari_netlm.views import show_3d
from netlm_imaging.anatomy import BY_LANDMARKS, BY_LANDMARKS_AND_HAND
from netlm_imaging.errors import NetlmError
from netlm_imaging.ingest import read_mask
from netlm_imaging.review import segments_method
from netlm_imaging.segment.couinaud import couinaud_segments, missing_landmarks


@pytest.fixture
def tools(study: OpenedStudy) -> Tools:
    """A study that has no segments."""
    masks = {key: mask for key, mask in study.masks.items() if key != "segments"}
    made = Tools(Reviewing(put_on_desk(ViewerModel(), replace(study, masks=masks)), who="Reader 1"))
    made.set_landmarks()
    return made


def press(tools: Tools, point: Any, *moves: Any) -> None:
    """The mouse goes down on a point (LPS mm), along ``moves`` and up, in the slice of the point."""
    viewer, frame = tools.reviewing.desk.viewer, tools.reviewing.desk.frame
    viewer.dims.point = tuple(frame.to_world(point))
    event = SimpleNamespace(type="mouse_press", button=1, position=frame.to_world(point), handled=False)
    going = tools.mouse.press(viewer, event)
    next(going, None)
    for place in moves:
        event.type, event.position = "mouse_move", frame.to_world(place)
        next(going, None)
    event.type = "mouse_release"
    next(going, None)


def set_all(tools: Tools) -> dict[str, tuple[float, float, float]]:
    points = drawn_landmarks(tools.reviewing.desk)
    for name in missing_landmarks({}):
        assert tools.landmarks.next == name
        press(tools, points[name])
    return points


def test_a_click_a_landmark_and_the_segments_are_there(tools: Tools) -> None:
    desk = tools.reviewing.desk
    assert not desk.labels("segments").array.any()
    assert desk.anatomy().segments is None, "no segments are no segments of 0 mL"
    assert "segments" not in given_masks(desk)
    points = set_all(tools)
    assert tools.landmarks.points == points
    expected = couinaud_segments(desk.mask("liver"), points)
    assert np.array_equal(desk.labels("segments").array, expected.array), "on the study's own grid"
    assert desk.labels("segments").labels == tuple(range(1, 9))
    assert np.array_equal(given_masks(desk)["segments"].array, expected.array)
    assert "VIII" in tools.landmarks.hint()
    figures = tools.reviewing.table.lesions
    assert all(lesion.segments for lesion in figures), "lesions know their segments"


def test_it_says_what_to_click_next(tools: Tools) -> None:
    said: list[str] = []
    tools.said.connect(said.append)
    press(tools, drawn_landmarks(tools.reviewing.desk)["ivc"])
    assert "Middle hepatic vein" in said[-1]
    assert "7 to set" in said[-1]


def test_a_landmark_is_dragged_and_the_segments_follow_undo_too(tools: Tools) -> None:
    points, desk, work = set_all(tools), tools.reviewing.desk, tools.reviewing
    before = desk.labels("segments").array.copy()
    start = points["right_hepatic_vein"]
    world = np.add(desk.frame.to_world(start), [0.0, 25.0, 0.0])
    end = desk.frame.to_patient(world)
    press(tools, start, desk.frame.to_patient(world - [0.0, 10.0, 0.0]), end)
    moved = desk.labels("segments").array.copy()
    assert tools.landmarks.points["right_hepatic_vein"] == pytest.approx(end, abs=0.01)
    assert (moved != before).any()
    assert set(np.unique(moved[moved != before])) <= {5, 6, 7, 8}, "only the right vein's plane"
    work.undo()
    assert np.array_equal(desk.labels("segments").array, before)
    assert tools.landmarks.points == points
    work.redo()
    assert np.array_equal(desk.labels("segments").array, moved)
    assert tools.landmarks.points["right_hepatic_vein"] == pytest.approx(end, abs=0.01)
    desk.undo("segments")  # by the viewer's own key
    assert tools.landmarks.points == points


def test_first_landmarks_are_undone_one_by_one(tools: Tools) -> None:
    points = drawn_landmarks(tools.reviewing.desk)
    press(tools, points["ivc"])
    press(tools, points["middle_hepatic_vein"])
    tools.reviewing.undo()
    assert set(tools.landmarks.points) == {"ivc"}
    tools.reviewing.redo()
    assert set(tools.landmarks.points) == {"ivc", "middle_hepatic_vein"}


def test_landmarks_that_cannot_be_are_told_and_segments_stay(tools: Tools) -> None:
    points, desk = set_all(tools), tools.reviewing.desk
    before = desk.labels("segments").array.copy()
    failed: list[NetlmError] = []
    tools.failed.connect(failed.append)
    tools.landmarks.choose("falciform_ligament")
    press(tools, np.subtract(points["middle_hepatic_vein"], [15.0, 0.0, 0.0]))
    assert "left of Cantlie" in str(failed[0])
    assert np.array_equal(desk.labels("segments").array, before)


def test_the_trail_holds_them_and_work_comes_back_with_them(tools: Tools, study: OpenedStudy) -> None:
    points, desk = set_all(tools), tools.reviewing.desk
    last = tools.reviewing.review.events[-1]
    assert (last.action, last.part, last.who) == ("landmarks", "segments", "Reader 1")
    assert last.landmarks == points
    clear_desk(desk.viewer)
    again = put_on_desk(ViewerModel(), desk.study)
    tools = Tools(Reviewing(again))
    assert tools.landmarks.points == points
    assert again.labels("segments").labels == tuple(range(1, 9))


def test_the_case_is_told_how_the_segments_were_made(tools: Tools, tmp_path: Path) -> None:
    set_all(tools)
    work = tools.reviewing
    work.save(tmp_path / "review")
    assert read_mask(str(tmp_path / "review/segments.nii.gz")).record.description.endswith(BY_LANDMARKS)
    work.desk.edit("segments", tuple(np.argwhere(work.labels == 5)[:50].T), 6)
    assert segments_method(work.review) == BY_LANDMARKS_AND_HAND
    work.undo()
    work.undo()
    assert segments_method(work.review) == "", "segments of before, which were none"


def test_a_press_on_a_handle_of_the_plan_moves_no_landmark(tools: Tools) -> None:
    at = drawn_landmarks(tools.reviewing.desk)["ivc"]
    press(tools, at)
    before = tools.landmarks.points
    event = SimpleNamespace(type="mouse_press", position=at, button=1, handled=True)
    assert next(tools.mouse.press(tools.reviewing.desk.viewer, event), "left alone") == "left alone"
    assert tools.landmarks.points == before


def test_one_layer_holds_them_while_they_are_set(tools: Tools) -> None:
    desk = tools.reviewing.desk
    points = list(drawn_landmarks(desk).values())
    press(tools, points[0])
    layer = desk.layer("landmarks")
    for point in points[1:3]:
        press(tools, point)
    assert desk.layer("landmarks") is layer
    assert [len(layer.data), len(layer.size), len(set(layer.features["name"]))] == [3, 3, 3]


def test_in_3d_they_are_seen_and_dragged_in_the_plane_of_the_picture(tools: Tools) -> None:
    points, desk = set_all(tools), tools.reviewing.desk
    before = desk.labels("segments").array.copy()
    show_3d(desk.viewer)
    layer = desk.layer("landmarks")
    assert layer.visible
    assert layer.text.blending == "translucent_no_depth", "read through the liver"
    assert layer.text.translation[0] > 0, "above their points"
    at, ray = desk.frame.to_world(points["right_hepatic_vein"]), np.array([0.6, 0.0, 0.8])
    across = np.array([0.8, 0.0, -0.6])
    press_3d(tools, at - 200.0 * ray, at - 150.0 * ray + 15.0 * across, ray=ray)
    moved = desk.frame.to_world(tools.landmarks.points["right_hepatic_vein"]) - at
    assert np.allclose(moved, 15.0 * across, atol=0.01)
    assert (desk.labels("segments").array != before).any(), "segments follow"
    tools.reviewing.undo()
    assert np.array_equal(desk.labels("segments").array, before)


def test_in_3d_a_click_sets_none_and_says_where_to(tools: Tools) -> None:
    desk, said = tools.reviewing.desk, []
    tools.said.connect(said.append)
    show_3d(desk.viewer)
    at = desk.frame.to_world(drawn_landmarks(desk)["ivc"])
    press_3d(tools, at, ray=np.array([0.0, 1.0, 0.0]))
    assert not tools.landmarks.points
    assert said == [SET_IN_SLICES]


def press_3d(tools: Tools, world: Any, *moves: Any, ray: Any) -> None:
    """As ``press``, in the world and along the direction of view."""
    event = SimpleNamespace(type="mouse_press", button=1, position=world, view_direction=ray, handled=False)
    going = tools.mouse.press(tools.reviewing.desk.viewer, event)
    next(going, None)
    for place in moves:
        event.type, event.position = "mouse_move", place
        next(going, None)
    event.type = "mouse_release"
    next(going, None)


def test_they_are_seen_with_the_segments_only(tools: Tools) -> None:
    desk = tools.reviewing.desk
    press(tools, drawn_landmarks(desk)["ivc"])
    assert desk.layer("landmarks") is not None
    tools.edit_part("lesions")
    assert desk.layer("landmarks") is None
    tools.edit_part("segments")
    assert len(desk.layer("landmarks").data) == 1
