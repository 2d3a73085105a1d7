"""The review widget in a real window, driven as a person would."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from napari.components import ViewerModel
from napari_plugin.planned import Later
from napari_plugin.windows import counted_events, wait_for, why_no_window

from napari_netlm.desk import clear_desk, desk_of
from napari_netlm.hang import put_on_desk
from napari_netlm.measuring import Measuring
from napari_netlm.opened import OpenedStudy
from netlm_imaging.ingest import read_review
from netlm_imaging.review import deleted

if why := why_no_window():
    pytest.skip(why, allow_module_level=True)

from qtpy.QtCore import QPoint, Qt
from qtpy.QtTest import QTest

from napari_netlm.review_list import NOT_MEASURED, STALE
from napari_netlm.widgets.measure_row import AGAIN, STOP, MeasureRow
from napari_netlm.widgets.review import NOTHING_OPEN, ReviewWidget

pytestmark = [
    pytest.mark.xdist_group("window"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning"),  # napari's own
]


@pytest.fixture(scope="module")
def application() -> Any:
    """Qt itself."""
    from napari.qt import get_qapp

    return get_qapp()


@pytest.fixture
def widget(application: Any, study: OpenedStudy, tmp_path: Path) -> Iterator[ReviewWidget]:
    """On a viewer that draws nothing, which is what takes long, with a finished case open."""
    viewer = ViewerModel()
    put_on_desk(viewer, replace(study, path=tmp_path))
    made = ReviewWidget(viewer)
    made.resize(460, 800)
    made.show()
    QTest.qWaitForWindowExposed(made)
    wait_for(lambda: made.tools is not None)
    yield made
    made.close()
    application.processEvents()


@pytest.fixture
def unmeasured(
    application: Any, study: OpenedStudy, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[ReviewWidget, Later]]:
    """It does not measure until it is told to."""
    later = Later()
    monkeypatch.setattr("napari_netlm.widgets.review.ThreadRunner", lambda: later)
    viewer = ViewerModel()
    put_on_desk(viewer, study)
    made = ReviewWidget(viewer)
    made.show()
    yield made, later
    made.close()


def click_row(widget: ReviewWidget, row: int, *, also: bool = False) -> None:
    spot = widget.list.visualRect(widget.list.lesions.index(row, 1)).center()
    with_key = Qt.KeyboardModifier.ControlModifier if also else Qt.KeyboardModifier.NoModifier
    QTest.mouseClick(widget.list.viewport(), Qt.MouseButton.LeftButton, with_key, QPoint(spot))


def press(widget: ReviewWidget, title: str) -> None:
    widget.buttons[title].click()


def text(widget: ReviewWidget, row: int, title: str) -> str:
    from napari_netlm.review_list import COLUMNS

    column = [c.title for c in COLUMNS].index(title)
    return str(widget.list.lesions.data(widget.list.lesions.index(row, column)))


def shown_mm(widget: ReviewWidget) -> Any:
    return widget.tools.reviewing.desk.point_lps_mm


def test_a_click_and_arrow_keys_show_a_lesion(widget: ReviewWidget) -> None:
    click_row(widget, 2)
    third = widget.tools.reviewing.table.rows[3].lesion
    spacing = max(widget.tools.reviewing.desk.study.grid.spacing_mm)
    assert np.abs(shown_mm(widget) - third.centroid_lps_mm).max() <= spacing
    QTest.keyClick(widget.list, Qt.Key.Key_Down)
    assert widget.tools.reviewing.selected == 4
    QTest.keyClick(widget.list, Qt.Key.Key_Up)
    QTest.keyClick(widget.list, Qt.Key.Key_Up)
    assert widget.tools.reviewing.selected == 2


def test_a_whole_review_by_one_button_a_lesion(widget: ReviewWidget, tmp_path: Path) -> None:
    widget.saving.who.setText("Reader 1")
    for title in ("Accept", "Reject", "Unsure", "Accept", "Accept"):
        press(widget, title)
    assert [text(widget, row, "Status") for row in range(5)] == [
        *("accepted", "rejected", "unsure", "accepted", "accepted")
    ]
    assert "all reviewed" in widget.summary.text()
    press(widget, "Save review")
    review, _ = read_review(tmp_path / "review")
    assert review.rejected == {2}
    assert {event.who for event in review.events} == {"Reader 1"}
    assert "netlm plan" in widget.hint.text()


def test_figures_follow_a_stroke_and_its_undo(widget: ReviewWidget) -> None:
    click_row(widget, 0)
    before = text(widget, 0, "mL")
    layer = widget.tools.reviewing.desk.layer("lesions")
    press(widget, "Paint")
    assert widget.buttons["Paint"].isChecked()
    middle = [(s.start + s.stop) // 2 for s in widget.tools.reviewing.table.rows[1].box]
    with layer.block_history():
        layer.paint(middle, 0)
    assert float(text(widget, 0, "mL")) < float(before)
    press(widget, "Undo")
    assert text(widget, 0, "mL") == before
    press(widget, "Redo")
    assert float(text(widget, 0, "mL")) < float(before)


def test_keys_work_in_the_list_too(widget: ReviewWidget) -> None:
    assert widget.tools.reviewing.selected == 1, "the first to review is shown at once"
    for key in (Qt.Key.Key_A, Qt.Key.Key_R, Qt.Key.Key_U):
        QTest.keyClick(widget.list, key)
    assert [text(widget, row, "Status") for row in range(3)] == ["accepted", "rejected", "unsure"]
    QTest.keyClick(widget.list, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert text(widget, 2, "Status") == "to do"
    QTest.keyClick(widget.list, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)  # Qt's own: all rows
    assert len(widget.tools.reviewing.marked) == 5


def test_the_name_of_the_reviewer_is_there_the_next_time(
    widget: ReviewWidget, study: OpenedStudy, tmp_path: Path
) -> None:
    QTest.keyClicks(widget.saving.who, "Reader 2")
    QTest.keyClick(widget.saving.who, Qt.Key.Key_Return)
    clear_desk(widget.viewer)
    viewer = ViewerModel()
    put_on_desk(viewer, replace(study, path=tmp_path))
    again = ReviewWidget(viewer)
    wait_for(lambda: again.tools is not None)
    assert again.saving.who.text() == "Reader 2"
    press(again, "Accept")
    assert again.tools.reviewing.review.events[-1].who == "Reader 2"
    again.close()


def test_several_rows_are_merged(widget: ReviewWidget) -> None:
    click_row(widget, 1)
    click_row(widget, 3, also=True)
    assert set(widget.tools.reviewing.marked) == {2, 4}
    press(widget, "Merge")
    assert widget.list.lesions.rowCount() == 4
    press(widget, "Undo")
    assert widget.list.lesions.rowCount() == 5


def test_the_header_sorts_and_next_goes_by_what_is_seen(widget: ReviewWidget) -> None:
    widget.list._sort(2)
    volumes = [float(text(widget, row, "mL")) for row in range(5)]
    assert volumes == sorted(volumes, reverse=True)
    listed = [int(text(widget, row, "#")) for row in range(5)]
    assert widget.tools.reviewing.selected == 1
    press(widget, "Next")
    assert widget.tools.reviewing.selected == listed[(listed.index(1) + 1) % 5]
    widget.list._sort(2)
    assert [float(text(widget, row, "mL")) for row in range(5)] == sorted(volumes)


def test_what_is_refused_is_said_in_the_window(widget: ReviewWidget) -> None:
    press(widget, "Fill slices")
    assert "BAD_EDIT" in widget.messages.toPlainText()
    press(widget, "Next")
    assert not widget.messages.toPlainText().strip()
    press(widget, "Fill slices")
    keys = {str(key): press for key, press in widget.viewer.keymap.items()}
    keys["A"](widget.viewer)  # as napari does in the picture
    assert not widget.messages.toPlainText().strip(), "a key takes it away too"
    press(widget, "Fill slices")
    widget.tools.attempt(widget.tools.delete, 1)  # as a click of a tool
    assert not widget.messages.toPlainText().strip()


def test_all_columns_of_the_list_are_seen_at_the_width_of_the_window(widget: ReviewWidget) -> None:
    """With every column filled, long words in them and a scroll bar."""
    from napari_netlm.review_list import COLUMNS

    widget.resize(452, 800)  # as beside the picture in a window of 1400 x 900
    press(widget, "Accept")
    lesion = widget.tools.reviewing.rows[0][1].lesion
    full = replace(lesion, suv_max=34.2, krenning=4, krenning_borderline=True, seen_on=("mr", "pet"))
    row = replace(widget.tools.reviewing.rows[0][1], lesion=full, cnr=10.4)
    widget.list.show_lesions([(n, row, "accepted") for n in range(10, 50)], selected=None)
    wait_for(lambda: widget.list.verticalScrollBar().isVisible())
    assert not any(widget.list.isColumnHidden(n) for n in range(len(COLUMNS)))
    header = widget.list.horizontalHeader()
    assert header.length() <= widget.list.viewport().width()
    names = header.fontMetrics()
    segment = [column.takes_rest for column in COLUMNS].index(True)
    assert header.sectionSize(segment) >= names.horizontalAdvance("VIII, VII")


def test_a_stray_voxel_is_told_and_is_no_zero(widget: ReviewWidget) -> None:
    work = widget.tools.reviewing
    assert "stray" not in widget.summary.text()
    liver = np.argwhere((work.layer_of("liver").data > 0) & (work.lesions == 0))
    work.desk.edit("lesions", tuple(liver[:1].T), 9)
    shown = float(text(widget, 5, "mL"))
    assert shown == pytest.approx(work.desk.study.grid.voxel_ml, rel=0.05)
    assert "no stray voxels: 9 (" in widget.summary.text()
    work.judge([9], "rejected")
    assert "stray" not in widget.summary.text(), "it does not count"


def test_an_edit_of_the_liver_is_measured_when_it_rests(widget: ReviewWidget) -> None:
    before = widget.summary.text()
    widget.part.choose(1)
    work = widget.tools.reviewing
    assert work.part == "liver"
    half = np.argwhere(work.labels)[::2]
    work.desk.edit("liver", tuple(half.T), 0)
    assert "pause" in widget.summary.text()
    wait_for(lambda: not work.measuring.stale)
    assert "easuring" not in widget.summary.text()
    assert widget.summary.text() != before


def test_lesions_are_measured_beside_the_window_which_says_so(unmeasured: tuple[ReviewWidget, Later]) -> None:
    made, of = unmeasured
    desk = desk_of(made.viewer)
    assert made.tools is None
    assert not made.work.isEnabled()
    assert "Measuring" in made.summary.text()
    desk.edit("liver", (np.array([0]),) * 3, 1)  # what is measured is no longer so
    of.one()
    assert made.tools is None
    of.one()
    assert made.work.isEnabled()
    assert made.list.lesions.rowCount() == 5


def test_measuring_is_cancelled_and_begun_again(unmeasured: tuple[ReviewWidget, Later]) -> None:
    made, of = unmeasured
    desk = desk_of(made.viewer)
    assert made.measure.isVisible()
    made.measure.button.click()
    assert made.summary.text() == NOT_MEASURED
    of.one()  # what was cancelled comes to nothing
    assert made.tools is None
    made.measure.button.click()
    of.one()
    assert made.work.isEnabled()
    assert not made.measure.isVisible()
    before = made.tools.reviewing.rows
    half = np.argwhere(desk.layer("liver").data)[::2]
    desk.edit("liver", tuple(half.T), 0)
    wait_for(lambda: of.jobs)
    made.measure.button.click()
    assert made.summary.text() == STALE
    of.one()
    assert made.tools.reviewing.rows == before
    assert not of.jobs
    desk.edit("liver", tuple(half[:1].T), 1)  # another liver is measured as usual
    wait_for(lambda: of.jobs)
    of.one()
    assert made.summary.text() != STALE
    assert not made.measure.isVisible()


def test_measuring_that_fails_says_so_and_runs_no_more(unmeasured: tuple[ReviewWidget, Later]) -> None:
    made, of = unmeasured
    desk = desk_of(made.viewer)
    liver = np.nonzero(desk.layer("liver").data)
    desk.edit("liver", liver, 0)
    of.one()  # the liver was there when it was asked for
    assert made.measure.button.text() == STOP
    of.one()
    assert "EMPTY_MASK" in made.messages.toPlainText()
    assert made.summary.text() == NOT_MEASURED
    assert made.measure.button.text() == AGAIN
    assert not of.jobs
    desk.undo("liver")
    of.one()
    assert made.work.isEnabled()
    desk.edit("liver", liver, 0)
    wait_for(lambda: of.jobs)
    of.one()
    made.refresh()
    assert made.summary.text() == STALE
    assert made.measure.button.text() == AGAIN
    assert not of.jobs


def test_each_step_of_measuring_is_said(application: Any, study: OpenedStudy) -> None:
    made = MeasureRow()
    said: list[str] = []
    made._said.connect(said.append)
    measuring = Measuring(put_on_desk(ViewerModel(), study))
    made.follow(measuring)
    measuring.measure()
    assert said == ["Measuring the liver", *(f"Measuring lesion {n} of 5" for n in range(1, 6))]


def test_a_study_that_is_closed_or_another_one_is_followed(widget: ReviewWidget, study: OpenedStudy) -> None:
    first = widget.tools
    clear_desk(widget.viewer)
    QTest.qWait(50)
    assert widget.tools is None
    assert widget.summary.text() == NOTHING_OPEN
    assert not widget.work.isEnabled()
    put_on_desk(widget.viewer, study)
    wait_for(lambda: widget.tools is not None)
    assert widget.tools is not first
    work = widget.tools.reviewing
    work.do("delete", deleted(work.labels, 1))
    assert widget.list.lesions.rowCount() == 4


def test_every_button_tells_what_it_does(widget: ReviewWidget) -> None:
    assert all(button.toolTip() for button in widget.buttons.values())
    for box in (widget.reach.grow_mm, widget.reach.brush_mm):
        assert "mm" in box.toolTip()
        assert box.suffix() == " mm"


def test_keys_work_in_the_image_of_a_real_window_and_a_jump_draws_it_once(
    application: Any, study: OpenedStudy, tmp_path: Path
) -> None:
    import napari

    viewer = napari.Viewer(show=True)
    model = viewer.window._qt_viewer.viewer
    put_on_desk(model, replace(study, path=tmp_path))
    made = ReviewWidget(model)
    viewer.window.add_dock_widget(made, area="right", name="Review")
    wait_for(lambda: made.tools is not None)
    canvas = viewer.window._qt_viewer.canvas.native
    model.layers.selection.active = model.layers["Lesions"]
    for key in (Qt.Key.Key_A, Qt.Key.Key_R):
        QTest.keyClick(canvas, key)
    work = made.tools.reviewing
    assert [work.review.status(n) for n in (1, 2, 3)] == ["accepted", "rejected", "unreviewed"]
    assert work.selected == 3
    QTest.keyClick(canvas, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert work.review.status(2) == "unreviewed"
    QTest.qWait(300)
    with counted_events(viewer.window._qt_window, "UpdateRequest") as pictures:
        QTest.keyClick(made.list, Qt.Key.Key_Down)
        QTest.qWait(300)
    assert len(pictures) == 1
    viewer.window.remove_dock_widget(made)
    made.close()
    viewer.close()
    application.processEvents()
