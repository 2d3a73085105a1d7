"""Tools as a person uses them: presses, drags and keys on a viewer without a window."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from napari.components import ViewerModel
from scipy import ndimage

from napari_netlm.hang import put_on_desk
from napari_netlm.opened import OpenedStudy
from napari_netlm.review_commands import COMMANDS, WALK, bind_review_keys, free_review_keys
from napari_netlm.review_list import COLUMNS, ordered, summary, tip_of
from napari_netlm.reviewing import Reviewing
from napari_netlm.tools import Tools
from napari_netlm.views import show_view
from netlm_imaging.errors import NetlmError
from netlm_imaging.review import deleted

BY_TITLE = {command.title: command for command in (*COMMANDS, *WALK)}


@pytest.fixture
def tools(study: OpenedStudy) -> Tools:
    return Tools(Reviewing(put_on_desk(ViewerModel(), study), who="Reader 1"))


def refused(tools: Tools) -> list[str]:
    codes: list[str] = []

    def keep(error: NetlmError) -> None:
        codes.append(error.code)

    tools.failed.connect(keep)
    return codes


def drag(tools: Tools, *indices: np.ndarray, button: int = 1) -> None:
    """Press at the first index, move over the others, let go."""
    frame = tools.reviewing.desk.frame
    spots = [frame.to_world(frame.shown_grid.to_patient(index)) for index in indices]
    viewer = tools.reviewing.desk.viewer
    event = SimpleNamespace(type="mouse_press", position=tuple(spots[0]), button=button, handled=False)
    (callback,) = [c for c in viewer.mouse_drag_callbacks if getattr(c, "__self__", None) is tools.mouse]
    stroke = callback(viewer, event)
    next(stroke, None)
    for spot in spots[1:]:
        event.type, event.position = "mouse_move", tuple(spot)
        next(stroke, None)
    event.type = "mouse_release"
    next(stroke, None)


def middle_of(tools: Tools, lesion: int) -> np.ndarray:
    return np.argwhere(tools.reviewing.labels == lesion).mean(axis=0)


def test_a_click_grows_back_a_lesion_that_was_missed(tools: Tools) -> None:
    work = tools.reviewing
    missed, middle = work.labels == 5, middle_of(tools, 5)
    work.do("delete", deleted(work.labels, 5))
    work.desk.viewer.layers.selection.active = work.desk.layer("hbp")
    BY_TITLE["Grow"].do(tools)
    drag(tools, middle)
    assert work.selected == 6  # 5 never comes back
    found = work.labels == 6
    assert 2 * (found & missed).sum() / (found.sum() + missed.sum()) > 0.8
    assert work.review.events[-1].action == "grow"
    work.undo()
    assert not (work.labels == 6).any()


def test_a_drag_with_growing_moves_the_image_and_changes_nothing(tools: Tools) -> None:
    before = tools.reviewing.labels.copy()
    tools.choose("grow")
    drag(tools, np.array([20.0, 40.0, 50.0]), np.array([20.0, 44.0, 50.0]))
    drag(tools, np.array([20.0, 40.0, 50.0]), button=2)
    assert (tools.reviewing.labels == before).all()


def test_growing_in_plain_liver_is_refused_in_words(tools: Tools) -> None:
    codes = refused(tools)
    work = tools.reviewing
    inside = (work.desk.layer("liver").data > 0) & (work.labels == 0) & (work.desk.layer("vessels").data == 0)
    deep = np.unravel_index(int(ndimage.distance_transform_edt(inside).argmax()), inside.shape)
    work.desk.viewer.layers.selection.active = work.desk.layer("hbp")
    tools.choose("grow")
    drag(tools, np.array(deep, dtype=float))
    assert codes == ["NO_CONTRAST"]
    assert not work.review.events


def test_a_threshold_stroke_is_one_step_and_stays_on_its_lesion(tools: Tools) -> None:
    work = tools.reviewing
    whole, middle = work.labels == 1, middle_of(tools, 1)
    work.do("delete", deleted(work.labels, 1))
    work.select(7)
    work.desk.viewer.layers.selection.active = work.desk.layer("hbp")
    tools.reach.brush_mm = 15.0
    BY_TITLE["Threshold"].do(tools)
    along = [middle + np.array([0.0, 0.0, step]) for step in (0.0, 1.0, 2.0, 3.0)]
    drag(tools, *along)
    painted = work.labels == 7
    assert painted.any()
    assert (whole & painted).sum() > 0.9 * painted.sum()
    assert [event.action for event in work.review.events] == ["delete", "threshold"]
    work.undo()
    assert not (work.labels == 7).any()


def test_two_clicks_split_and_merging_takes_it_back(tools: Tools) -> None:
    work = tools.reviewing
    before = work.labels.copy()
    work.select(1)
    axis = int(np.argmax([np.ptp(axis) for axis in np.nonzero(work.labels == 1)]))
    ends = [middle_of(tools, 1) + side * 3.0 * np.eye(3)[axis] for side in (-1, 1)]
    tools.choose("split")
    drag(tools, ends[0])
    assert (work.labels == before).all()
    drag(tools, ends[1])
    assert tools.tool is None
    new = work.free_label() - 1
    parts = [(work.labels == n).sum() for n in (1, new)]
    assert min(parts) > 0.2 * sum(parts)
    work.select(1)
    work.also = (new,)
    BY_TITLE["Merge"].do(tools)
    assert (work.labels == before).all()


@pytest.mark.parametrize("view", ["axial", "coronal", "sagittal"])
def test_a_cut_goes_straight_into_the_image_that_is_shown(tools: Tools, view: str) -> None:
    work = tools.reviewing
    show_view(work.desk.viewer, view)
    across, down, right = work.desk.viewer.dims.order
    work.select(1)
    middle = middle_of(tools, 1)
    tools.choose("cut")
    drag(tools, middle - 2 * np.eye(3)[down])
    drag(tools, middle + 2 * np.eye(3)[down])
    new = work.free_label() - 1
    sides = [np.argwhere(work.labels == n).mean(axis=0) for n in (1, new)]
    apart = np.abs(sides[0] - sides[1])
    assert apart[right] > 2.0  # cut along the line that runs downwards
    assert apart[right] > 3 * max(apart[across], apart[down])


def test_fill_works_in_the_plane_that_is_shown(tools: Tools) -> None:
    work = tools.reviewing
    work.select(1)
    whole = np.argwhere(work.labels == 1)
    layer = work.desk.layer("lesions")
    for axis, view in enumerate(("axial", "coronal", "sagittal")):
        before = work.labels.copy()
        gap = int(np.median(whole[:, axis]))
        erased = tuple(whole[whole[:, axis] == gap].T)
        work.desk.edit("lesions", erased, 0)
        show_view(work.desk.viewer, view)
        BY_TITLE["Fill slices"].do(tools)
        filled = work.labels == 1
        assert filled.sum() == pytest.approx(len(whole), rel=0.03)
        layer.undo()
        layer.undo()
        assert (work.labels == before).all()


def test_one_key_judges_and_goes_on(tools: Tools) -> None:
    bind_review_keys(tools)
    work, viewer = tools.reviewing, tools.reviewing.desk.viewer
    keys = {str(key): press for key, press in viewer.keymap.items()}
    keys["N"](viewer)
    assert work.selected == 1
    keys["A"](viewer)
    keys["R"](viewer)
    keys["U"](viewer)
    assert [work.review.status(n) for n in (1, 2, 3)] == ["accepted", "rejected", "unsure"]
    assert work.selected == 4
    keys["Up"](viewer)
    keys["Up"](viewer)
    keys["Down"](viewer)
    assert work.selected == 3
    layer_keys = {str(key): press for key, press in work.desk.layer("lesions").keymap.items()}
    layer_keys["Ctrl+Z"](work.desk.layer("lesions"))
    assert work.review.status(3) == "unreviewed"
    free_review_keys(tools)
    assert "A" not in {str(key) for key in viewer.keymap}


def test_no_key_hides_another_and_all_have_words() -> None:
    keys = [command.key for command in (*COMMANDS, *WALK) if command.key]
    assert len(keys) == len(set(keys))
    assert all(command.do.__doc__ for command in COMMANDS)


def test_segments_and_liver_are_edited_by_the_same_tools(tools: Tools) -> None:
    work = tools.reviewing
    work.part = "segments"
    work.layer_of("segments").selected_label = 4
    before = work.labels.copy()
    assert work.rows
    work.desk.viewer.layers.selection.active = work.desk.layer("hbp")
    tools.reach.low, tools.reach.high, tools.reach.brush_mm = -1e9, 1e9, 12.0
    inside = np.argwhere(before == 5).mean(axis=0)
    tools.choose("threshold")
    drag(tools, inside)
    changed = before != work.labels
    assert changed.any()
    assert set(np.unique(work.labels[changed])) == {4}
    assert not changed[work.desk.layer("liver").data == 0].any()
    assert not work.measuring.stale, "other segments are no other distances"
    work.undo()
    work.part = "liver"
    tools.choose("threshold")
    outside = np.argwhere(work.labels == 0)[0]
    drag(tools, outside.astype(float))
    assert (work.labels == 1).sum() > (work.desk.study.masks["liver"].array).sum()


def test_renumbering_takes_the_judgement_along(tools: Tools) -> None:
    work = tools.reviewing
    work.judge([2], "rejected")
    tools.relabel(2, 40)
    assert 2 not in work.table.rows
    assert work.review.status(40) == "rejected"
    work.undo()
    assert 2 in work.table.rows, "one step"
    assert work.review.status(2) == "rejected"
    assert work.review.status(40) == "unreviewed"
    work.redo()
    assert 2 not in work.table.rows
    assert work.review.status(40) == "rejected"
    codes = refused(tools)
    assert not tools.attempt(tools.relabel, 1, 40)
    assert not tools.attempt(tools.relabel, 1, 300)  # the mask holds one byte a voxel
    assert codes == ["BAD_EDIT", "BAD_EDIT"]


def test_renumbering_takes_along_what_the_study_found(tools: Tools) -> None:
    work = tools.reviewing
    before = work.table.rows[2].lesion
    assert before.seen_on == ("mr", "pet")
    assert before.suv_max is not None
    tools.relabel(2, 40)
    assert work.table.rows[40].lesion == replace(before, id=40)
    work.undo()
    assert work.table.rows[2].lesion == before
    work.redo()
    tools.merge([40, 4])
    assert work.table.rows[40].lesion.seen_on == ("mr", "pet"), "as one of its parts was"


def test_brushes_of_the_viewer_draw_the_selected_lesion(tools: Tools) -> None:
    work = tools.reviewing
    work.select(3)
    BY_TITLE["Paint"].do(tools)
    layer = work.desk.layer("lesions")
    assert work.desk.viewer.layers.selection.active is layer
    assert (str(layer.mode), layer.selected_label) == ("paint", 3)
    ones = (work.labels == 1).sum()
    with layer.block_history():
        layer.paint(tuple(np.argwhere(work.labels == 1)[5]), 3)  # over a neighbor
    assert (work.labels == 1).sum() == ones
    BY_TITLE["Grow"].do(tools)
    assert str(layer.mode) == "pan_zoom"
    BY_TITLE["New"].do(tools)
    assert (str(layer.mode), layer.selected_label, tools.tool) == ("paint", work.free_label(), None)
    BY_TITLE["Move"].do(tools)
    assert str(layer.mode) == "pan_zoom"


def test_nothing_selected_is_said_and_not_done(tools: Tools) -> None:
    codes, told = refused(tools), []
    tools.said.connect(told.append)
    for title in ("Paint", "Fill slices", "Pieces", "Merge"):
        BY_TITLE[title].do(tools)
    assert codes == ["BAD_EDIT"] * 4
    BY_TITLE["Accept"].do(tools)
    assert told == ["Select a lesion of the list first."]
    assert not tools.reviewing.review.events


def test_the_list_speaks_in_units_and_sorts_unknown_values_last(tools: Tools) -> None:
    work = tools.reviewing
    work.desk.layer("lesions").paint((1, 1, 1), 9)  # outside the liver
    work.judge([4], "rejected")
    items = list(work.rows)
    titles = [column.title for column in COLUMNS]
    texts = {item[0]: dict(zip(titles, (c.text(item) for c in COLUMNS), strict=True)) for item in items}
    lesion = work.table.rows[1].lesion
    assert texts[1]["mL"] == f"{lesion.volume_ml:.2f}"
    assert texts[1]["mm"] == f"{lesion.longest_diameter_mm:.0f}"
    assert texts[4]["Status"] == "rejected"
    assert texts[9]["Seg-\nment"] == "outside"
    assert texts[9]["mL"] == ""
    by_volume = [item[0] for item in ordered(items, titles.index("mL"), down=False)]
    assert by_volume[0] == 1  # the largest first
    assert by_volume[-1] == 9
    assert "not counted" in tip_of(items[-1])
    assert all(column.tip for column in COLUMNS)
    assert summary(work).startswith("1 rejected, 5 to review. 5 lesions of ")
