"""A review without a window: figures that follow, judgements, undo in one order, the audit trail, saving."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from napari.components import ViewerModel
from napari_plugin.planned import Later
from napari_plugin.planned import begun as planned_on

from napari_netlm.desk import clear_desk
from napari_netlm.hang import put_on_desk
from napari_netlm.opened import OpenedStudy
from napari_netlm.reviewing import Reviewing
from napari_netlm.run import given_masks
from napari_netlm.scene import layer_of_mask
from napari_netlm.work import STATE_DIR, discard_work
from netlm_imaging.errors import NetlmError, UsageError
from netlm_imaging.ingest import read_mask, read_review
from netlm_imaging.lesions import liver_volumes, measure
from netlm_imaging.review import brushed, deleted, relabeled
from netlm_imaging.volume import LabelMap


def clock() -> Iterator[datetime]:
    now = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
    while True:
        yield now
        now += timedelta(seconds=1)


def begun(study: OpenedStudy) -> Reviewing:
    ticks = clock()
    return Reviewing(put_on_desk(ViewerModel(), study), who="Reader 1", now=lambda: next(ticks))


def opened_anew(reviewing: Reviewing) -> None:
    """What is not saved in the case is thrown away."""
    clear_desk(reviewing.desk.viewer)
    discard_work(reviewing.desk.study)


def actions(reviewing: Reviewing) -> list[str]:
    return [event.action for event in reviewing.review.events]


def paint_beside(reviewing: Reviewing, lesion: int, *, radius_mm: float = 4.0) -> None:
    """A stroke at the edge of a lesion."""
    row = reviewing.table.rows[lesion]
    at = [s.start for s in row.box]
    grid = reviewing.desk.frame.shown_grid
    reviewing.select(lesion)
    reviewing.do("paint", brushed(reviewing.labels, grid, [at], radius_mm=radius_mm, label=lesion))


def measured_anew(reviewing: Reviewing) -> tuple:
    """Volumes and diameters of a whole new measurement on the study's own grid."""
    anatomy = reviewing.desk.anatomy()
    inside = np.where(anatomy.liver.array, anatomy.lesions.array, 0)
    anatomy = replace(anatomy, lesions=LabelMap(inside, anatomy.grid))
    return anatomy, measure(anatomy)


def test_the_list_is_that_of_the_case(study: OpenedStudy) -> None:
    lesions = [replace(one, suv_liver_ratio=2.5) if one.suv_max else one for one in study.case.lesions]
    reviewing = begun(replace(study, case=replace(study.case, lesions=tuple(lesions))))
    known = {lesion.id: lesion for lesion in lesions}
    for number, row, status in reviewing.rows:
        assert status == "unreviewed"
        if known[number].suv_max is not None:
            assert row.lesion.suv_max == known[number].suv_max
        assert row.lesion.seen_on == known[number].seen_on
    volumes = [one.volume_ml for one in measured_anew(reviewing)[1]]
    assert [row.lesion.volume_ml for _, row, _ in reviewing.rows] == volumes


def test_figures_follow_strokes_on_the_grid_of_the_study(study: OpenedStudy) -> None:
    reviewing = begun(study)
    first = reviewing.rows[0][0]
    for lesion, _, _ in reviewing.rows:
        paint_beside(reviewing, lesion)
    anatomy, lesions = measured_anew(reviewing)
    for (_, row, _), lesion in zip(reviewing.rows, lesions, strict=True):
        assert row.lesion.volume_ml == lesion.volume_ml
        for name in ("longest_diameter_mm", "capsule_distance_mm", "centroid_lps_mm", "vessel_distance_mm"):
            assert getattr(row.lesion, name) == pytest.approx(getattr(lesion, name), abs=1e-6)
        assert {s.segment: s.percent for s in row.lesion.segments} == {
            s.segment: s.percent for s in lesion.segments
        }
    expected = liver_volumes(anatomy, method="reviewed")
    assert reviewing.volumes == expected
    reviewing.judge([first], "rejected")
    assert reviewing.volumes.tumor_ml == pytest.approx(expected.tumor_ml - lesions[0].volume_ml)


def test_steps_are_undone_in_their_order_whichever_they_are(study: OpenedStudy) -> None:
    reviewing = begun(study)
    before = reviewing.labels.copy()
    a, b = (row[0] for row in reviewing.rows[:2])
    first = reviewing.table.lesions
    paint_beside(reviewing, a)
    reviewing.judge([a, b], "accepted")
    paint_beside(reviewing, b)
    after = reviewing.labels.copy()
    reviewing.judge([b], "rejected")
    for _ in range(4):
        reviewing.undo()
    reviewing.undo()  # nothing left
    assert (reviewing.labels == before).all()
    assert reviewing.table.lesions == first
    assert reviewing.review.status(a) == reviewing.review.status(b) == "unreviewed"
    for _ in range(4):
        reviewing.redo()
    reviewing.redo()
    assert (reviewing.labels == after).all()
    assert [reviewing.review.status(n) for n in (a, b)] == ["accepted", "rejected"]
    edits = [action for action in actions(reviewing) if action != "status"]
    assert edits == ["paint", "paint", "undo", "undo", "redo", "redo"]


def test_a_mask_that_is_taken_for_the_lesions_is_one_step(study: OpenedStudy) -> None:
    """Undo put voxels of an older stroke into it, and took nothing back."""
    reviewing = begun(study)
    desk, opened = reviewing.desk, reviewing.labels.copy()
    paint_beside(reviewing, 3)
    drawn = reviewing.labels.copy()
    given = np.where(opened == 3, 300, 0).astype(np.uint16)  # more than the mask can hold
    taken = desk.frame.labels(given)
    desk.show_mask(layer_of_mask(taken, "lesions", study=study))
    assert [number for number, *_ in reviewing.rows] == [300]
    assert reviewing.rows[0][1].lesion.volume_ml == measured_anew(reviewing)[1][0].volume_ml
    desk.show_labels("lesions", study.masks["lesions"])
    assert np.array_equal(reviewing.labels, opened)
    for expected in (given, drawn, opened):
        reviewing.undo()
        assert np.array_equal(reviewing.labels, expected)
    for expected in (drawn, given):
        reviewing.redo()
        assert np.array_equal(reviewing.labels, expected)
    events = reviewing.review.events
    done = ["paint", "replace", "replace", "undo", "undo", "undo", "redo", "redo"]
    assert [event.action for event in events if event.action != "status"] == done


def test_what_the_viewer_itself_does_is_recognized(study: OpenedStudy) -> None:
    reviewing = begun(study)
    layer = reviewing.desk.layer("lesions")
    before = layer.data.copy()
    lesion = reviewing.rows[0][0]
    middle = [(s.start + s.stop) // 2 for s in reviewing.table.rows[lesion].box]
    layer.brush_size = 5
    layer.paint(middle, 0)
    layer.undo()
    layer.redo()
    layer.undo()
    assert actions(reviewing) == ["erase", "undo", "redo", "undo"]
    assert (layer.data == before).all()
    layer.paint((1, 1, 1), 9)
    assert actions(reviewing)[-1] == "paint"
    assert reviewing.table.rows[9].lesion is None  # outside the liver
    assert reviewing.table.rows[9].outside_ml > 0


def test_the_trail_says_who_what_and_when(study: OpenedStudy) -> None:
    reviewing = begun(study)
    lesion = reviewing.rows[0][0]
    row = reviewing.table.rows[lesion]
    reviewing.do("delete", deleted(reviewing.labels, lesion))
    (event,) = reviewing.review.events
    assert (event.who, event.action, event.lesions) == ("Reader 1", "delete", (lesion,))
    assert event.when == datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
    assert event.volume_change_ml == pytest.approx(-row.lesion.volume_ml, abs=1e-6)
    assert event.voxels == row.tumor_voxels
    assert json.dumps(reviewing.desk.records["review"])


def test_a_review_goes_on_where_unsaved_work_stopped(study: OpenedStudy) -> None:
    reviewing = begun(study)
    reviewing.judge([reviewing.rows[1][0]], "unsure")
    again = Reviewing(reviewing.desk, who="Reader 2")
    assert again.review == reviewing.review


def test_edits_of_the_liver_change_all_figures_at_the_next_look(study: OpenedStudy) -> None:
    reviewing = begun(study)
    first = reviewing.rows
    liver = reviewing.desk.layer("liver")
    edge = np.argwhere(liver.data)[0]
    reviewing.part = "liver"
    reviewing.do(
        "paint",
        brushed(reviewing.labels, reviewing.desk.frame.shown_grid, [edge], radius_mm=12.0, label=1),
    )
    assert reviewing.measuring.stale
    assert reviewing.volumes == liver_volumes(measured_anew(reviewing)[0], method="reviewed")
    assert not reviewing.measuring.stale
    reviewing.undo()
    assert reviewing.rows == first or [r[1].lesion for r in reviewing.rows] == [r[1].lesion for r in first]


def test_a_saved_review_lies_on_the_grid_of_the_study(study: OpenedStudy, tmp_path: Path) -> None:
    reviewing = begun(study)
    a, b = (row[0] for row in reviewing.rows[:2])
    paint_beside(reviewing, a)
    reviewing.judge([b], "rejected")
    drawn = reviewing.desk.labels("lesions").array
    reviewing.save(tmp_path / "review")
    kept = read_mask(str(tmp_path / "review" / "lesions.nii.gz")).labels
    assert kept.grid.same_as(study.grid)
    assert (kept.array == np.where(drawn == b, 0, drawn)).all()
    liver = read_mask(str(tmp_path / "review" / "liver.nii.gz")).labels
    assert (liver.any.array == study.masks["liver"].array).all()
    assert read_review(tmp_path / "review") == (reviewing.review, ())
    reviewing.judge([b], "accepted")
    reviewing.save(tmp_path / "review")
    assert read_review(tmp_path / "review")[0] == reviewing.review
    assert [event.action for event in reviewing.review.events] == [
        "paint",
        "status",
        "saved",
        "status",
        "saved",
    ]


def test_a_case_opens_with_its_saved_review(study: OpenedStudy, tmp_path: Path) -> None:
    case = replace(study, path=tmp_path)
    reviewing = begun(case)
    a, b = (row[0] for row in reviewing.rows[:2])
    paint_beside(reviewing, a)
    reviewing.judge([b], "rejected")
    drawn = reviewing.labels.copy()
    reviewing.save(tmp_path / "review")
    figures = reviewing.table.lesions
    opened_anew(reviewing)
    again = begun(replace(case))
    assert (again.labels == drawn).all()
    assert again.review == reviewing.review
    assert again.table.lesions == figures
    again.judge([a], "accepted")
    again.save(tmp_path / "review")
    assert len(read_review(tmp_path / "review")[0].events) == 5


def test_another_review_is_never_written_over(
    study: OpenedStudy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = begun(study)
    monkeypatch.setenv(STATE_DIR, str(tmp_path / "elsewhere"))  # as on another computer
    other = begun(study)
    one.judge([1], "accepted")
    one.save(tmp_path)
    other.judge([1], "rejected")
    with pytest.raises(UsageError) as error:
        other.save(tmp_path)
    assert error.value.code == "OTHER_REVIEW"


def test_figures_of_before_stand_until_the_last_edit_of_the_liver_is_measured(study: OpenedStudy) -> None:
    runner = Later()
    reviewing = Reviewing(put_on_desk(ViewerModel(), study), run=runner)
    first, half = reviewing.rows, np.argwhere(reviewing.desk.layer("liver").data)[::2]
    reviewing.desk.edit("liver", tuple(half.T), 0)
    assert reviewing.rows == first
    reviewing.desk.edit("liver", tuple(half[:1].T), 1)
    paint_beside(reviewing, 1)
    assert len(runner.jobs) == 1
    runner.one()  # of a liver that is no more
    assert reviewing.measuring.stale
    assert [row for n, row, _ in reviewing.rows if n > 1] == [row for n, row, _ in first if n > 1]
    runner.one()
    assert not reviewing.measuring.stale
    assert reviewing.volumes == liver_volumes(measured_anew(reviewing)[0], method="reviewed")


def test_without_a_liver_there_is_nothing_to_review(study: OpenedStudy) -> None:
    masks = {name: mask for name, mask in study.masks.items() if name != "liver"}
    with pytest.raises(UsageError) as error:
        begun(replace(study, masks=masks))
    assert error.value.code == "NO_LIVER"


def test_a_liver_without_lesions_gets_its_first_one(study: OpenedStudy) -> None:
    masks = {name: mask for name, mask in study.masks.items() if name != "lesions"}
    reviewing = begun(replace(study, masks=masks, case=None))
    assert reviewing.rows == ()
    label = reviewing.free_label()
    middle = np.argwhere(reviewing.desk.layer("liver").data).mean(axis=0)
    reviewing.select(label)
    reviewing.do(
        "new",
        brushed(reviewing.labels, reviewing.desk.frame.shown_grid, [middle], radius_mm=6.0, label=label),
    )
    assert [row[0] for row in reviewing.rows] == [1]
    assert reviewing.free_label() == 2
    reviewing.do("delete", deleted(reviewing.labels, 1))
    assert reviewing.free_label() == 2  # 1 never comes back


def test_a_closed_review_listens_no_more(study: OpenedStudy) -> None:
    reviewing = begun(study)
    reviewing.close()
    reviewing.desk.layer("lesions").paint((1, 1, 1), 9)
    assert reviewing.review.events == ()


def test_rejected_lesions_go_into_no_plan(study: OpenedStudy) -> None:
    reviewing = begun(study)
    desk = reviewing.desk
    ids = desk.anatomy().lesions.labels
    reviewing.judge([2, 4], "rejected")
    reviewing.judge([1], "unsure")
    left = tuple(n for n in ids if n not in (2, 4))
    assert desk.anatomy().lesions.labels == left
    given = given_masks(desk)["lesions"]
    assert given.labels == left
    assert given.grid.same_as(study.grid)
    reviewing.undo()
    reviewing.undo()
    assert desk.anatomy().lesions.labels == ids


def test_a_saved_review_counts_before_anything_is_changed(study: OpenedStudy, tmp_path: Path) -> None:
    case = replace(study, path=tmp_path)
    first = begun(case)
    first.judge([2], "rejected")
    first.save(tmp_path / "review")
    opened_anew(first)
    desk = put_on_desk(ViewerModel(), replace(case))
    assert 2 not in desk.anatomy().lesions.labels, "also where nobody reviews"
    assert 2 not in given_masks(desk)["lesions"].labels


def test_a_renumbered_lesion_opens_again_with_what_the_study_found(
    study: OpenedStudy, tmp_path: Path
) -> None:
    case = replace(study, path=tmp_path)
    first = begun(case)
    found = first.table.rows[2].lesion
    assert found.seen_on == ("mr", "pet")
    first.do("relabel", relabeled(first.lesions, 2, to=40), part="lesions")
    first.save(tmp_path / "review")
    opened_anew(first)
    again = begun(replace(case))
    assert again.table.rows[40].lesion == replace(found, id=40)
    plan = {lesion.id: lesion for lesion in planned_on(again.desk).lesions}
    assert plan[40].seen_on == ("mr", "pet")
    assert plan[40].suv_max == next(one.suv_max for one in case.case.lesions if one.id == 2)


def test_a_damaged_review_is_told_and_never_written_over(study: OpenedStudy, tmp_path: Path) -> None:
    (tmp_path / "review").mkdir()
    (tmp_path / "review/review.jsonl").write_text("no review\n")
    desk = put_on_desk(ViewerModel(), replace(study, path=tmp_path))
    assert "BAD_REVIEW" in [notice.code for notice in desk.notices]
    reviewing = Reviewing(desk)
    reviewing.judge([1], "accepted")
    with pytest.raises(NetlmError):
        reviewing.save(tmp_path / "review")
    assert (tmp_path / "review/review.jsonl").read_text() == "no review\n"
