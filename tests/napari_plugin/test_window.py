"""The viewer in a real window, used as a person would; skipped with the reason where there is no display."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from threading import Event, current_thread
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from napari.components import ViewerModel
from napari_plugin.planned import Later
from napari_plugin.windows import wait_for, why_no_window
from pydicom import dcmread
from qtpy.QtCore import QMimeData, QPointF, Qt, QUrl
from qtpy.QtGui import QDropEvent
from qtpy.QtWidgets import QApplication, QPushButton
from strategies import ellipsoid, oblique_grid

from benchmarks.clicks import Person, drawn_landmarks, review_and_plan
from napari_netlm.desk import clear_desk, desk_of
from napari_netlm.hang import load_layers, put_on_desk
from napari_netlm.jobs import Reporter
from napari_netlm.keys import toggle_crosshair
from napari_netlm.masks import EDITABLE
from napari_netlm.opened import Addition, OpenedStudy, ShownImage
from napari_netlm.scene import layer_of_mask
from napari_netlm.study import open_study
from napari_netlm.views import hide_letters, show_view
from netlm_imaging.errors import UsageError
from netlm_imaging.export import write_nifti
from netlm_imaging.ingest import read_mask, read_nifti_image
from netlm_imaging.ingest.privacy import fingerprint
from netlm_imaging.volume import Volume
from pipelines import small_study

pytestmark = [
    pytest.mark.xdist_group("window"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning"),  # napari's own
]


@pytest.fixture(scope="session")
def display() -> None:
    why = why_no_window()
    if why:
        pytest.skip(why)


@pytest.fixture(scope="module")
def window(display: None) -> Iterator[Any]:
    """One window for all tests: it takes seconds to open."""
    import napari

    viewer = napari.Viewer(title="tests", show=True)
    viewer.window.resize(1000, 700)
    yield viewer
    viewer.close()


@pytest.fixture
def viewer(window: Any) -> Iterator[Any]:
    yield window
    window.layers.clear()


@pytest.fixture
def widget(viewer: Any) -> Iterator[Any]:
    dock, made = viewer.window.add_plugin_dock_widget("netlm-imaging", "Study")
    yield made
    made.job.cancel()
    viewer.window.remove_dock_widget(dock)


@pytest.mark.parametrize("euler", [(4.0, -6.0, 9.0), (92.0, 5.0, 3.0), (3.0, 88.0, -95.0)])
@pytest.mark.parametrize(
    ("view", "column", "row"), [("axial", 1, -1), ("coronal", 1, -1), ("sagittal", -1, -1)]
)
def test_a_marker_is_on_the_side_of_the_picture_where_it_is_in_the_patient(
    viewer: Any, euler: tuple[float, float, float], view: str, column: int, row: int
) -> None:
    """A bright ball to the left, front and head of the middle; axial, sagittal and coronal acquisitions."""
    grid = oblique_grid((40, 44, 51), (2.0, 1.7, 2.4), euler_degrees=euler)
    middle = grid.to_patient((np.asarray(grid.shape_kji) - 1) / 2)
    marker = middle + np.array([20.0, -18.0, 16.0])
    ball = ellipsoid(grid, marker, [6.0] * 3).astype(np.float32)
    image = ShownImage(role="hbp", modality="MR", volume=Volume(ball, grid))
    desk = put_on_desk(viewer, OpenedStudy(path=Path("marker"), grid=grid, images=(image,)))
    show_view(viewer, view)
    desk.go_to(marker)
    for overlay in viewer.canvas.overlays.values():
        overlay.visible = False
    picture = viewer.screenshot(canvas_only=True, flash=False)[..., :3].mean(axis=-1)
    rows, columns = np.nonzero(picture > 128)
    assert rows.size > 20
    height, width = picture.shape
    assert np.sign(columns.mean() - width / 2) == column
    assert np.sign(rows.mean() - height / 2) == row


def test_what_napari_loads_late_is_loaded_beside_the_window(widget: Any) -> None:
    wait_for(lambda: load_layers.cache_info().currsize)


def test_a_study_opens_with_its_series_and_what_is_wrong_with_it(
    viewer: Any, widget: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads: list[str] = []

    def told(content: Any) -> str:
        threads.append(current_thread().name)
        return fingerprint(content)

    monkeypatch.setattr("napari_netlm.work.fingerprint", told)
    small_study.write_study(tmp_path / "dicom")
    widget.open_path(tmp_path / "dicom")
    wait_for(lambda: not widget.job.busy)
    assert threads == ["netlm-job"], "once, and not by the window"
    desk = desk_of(viewer)
    assert desk is not None
    assert desk.keys == ("hbp",)
    assert widget.series.topLevelItem(0).text(2) == "hbp"
    assert not widget.messages.isVisible()

    files = sorted(
        (f for f in (tmp_path / "dicom").rglob("*") if f.is_file()),
        key=lambda file: int(dcmread(file).InstanceNumber),
    )
    files[9].unlink()
    widget.open_path(tmp_path / "dicom")
    wait_for(lambda: not widget.job.busy)
    assert "MISSING_SLICE" in widget.messages.toPlainText()
    assert "error" in widget.messages.toPlainText()
    assert desk_of(viewer) is desk  # what was open stays
    (tmp_path / "nothing").mkdir()
    widget.open_path(tmp_path / "nothing")
    wait_for(lambda: not widget.job.busy)
    assert "NO_IMAGES" in widget.messages.toPlainText()
    assert "MISSING_SLICE" not in widget.messages.toPlainText(), "that is of another folder"


def test_letters_are_drawn_before_a_study_is_opened_and_not_seen(viewer: Any, widget: Any) -> None:
    overlays = viewer.canvas.overlays
    wait_for(lambda: "letter_top" in overlays and not overlays["letter_top"].color[3])
    assert overlays["letter_top"] in viewer.window._qt_viewer.canvas._viewer_overlay_to_visual
    drawn = viewer.screenshot(canvas_only=True, flash=False)
    hide_letters(viewer)
    assert np.array_equal(viewer.screenshot(canvas_only=True, flash=False), drawn)


def test_the_first_picture_waits_for_no_layer_that_is_not_seen(
    viewer: Any, widget: Any, study: OpenedStudy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("napari_netlm.widgets.unseen_layers.REST_MS", 200)
    at_picture: list[int] = []
    draw = viewer.window._qt_viewer.canvas._scene_canvas.events.draw

    def look(_event: Any) -> None:
        at_picture.append(len(viewer.layers))

    draw.connect(look)
    widget.work.discarded.emit(replace(study, path=tmp_path))
    assert not at_picture
    desk = desk_of(viewer)
    viewer.cursor.position = (1.0, 2.0, 3.0)
    wait_for(lambda: at_picture)
    assert at_picture[0] == 5
    wait_for(lambda: not desk.waiting.keys)
    assert len(viewer.layers) == 7
    draw.disconnect(look)


def test_layers_that_wait_do_not_come_in_a_drag_nor_once_the_study_is_taken_off(
    viewer: Any, widget: Any, study: OpenedStudy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("napari_netlm.widgets.unseen_layers.REST_MS", 0)
    held = [Qt.MouseButton.LeftButton]
    monkeypatch.setattr(QApplication, "mouseButtons", lambda: held[0])
    widget.work.discarded.emit(replace(study, path=tmp_path))
    for _ in range(20):
        QApplication.processEvents()
        assert len(viewer.layers) == 5
    viewer.layers.clear()
    held[0] = Qt.MouseButton.NoButton
    wait_for(lambda: not widget.unseen.isActive())
    assert not viewer.layers


def test_all_layers_are_saved_as_they_lie_in_the_patient(
    viewer: Any, widget: Any, study: OpenedStudy, tmp_path: Path
) -> None:
    """As by napari's menu, in the first seconds, with the crosshair and a layer of others."""
    widget._put(replace(study, path=tmp_path))
    desk = desk_of(viewer)
    assert "segments" in desk.waiting
    drawn = desk.labels("lesions")
    toggle_crosshair(viewer)
    viewer.add_labels(np.ones((3, 4, 5), dtype=np.uint8), name="Other")
    viewer.layers.save(str(tmp_path / "all"))
    assert {file.name for file in (tmp_path / "all").iterdir()} == {"Other.tif"} | {
        f"{name}.nii.gz" for name in ("hbp", "pet", "liver", "lesions", "segments", "vessels", "treated")
    }
    for key, mask in study.masks.items():
        back = read_mask(str(tmp_path / "all" / f"{key}.nii.gz")).labels
        assert back.grid.same_as(study.grid)
        assert np.array_equal(back.array, drawn.array if key == "lesions" else mask.array)
    for image in study.images:
        found = read_nifti_image(tmp_path / "all" / f"{image.role}.nii.gz").volume
        assert found.grid.same_as(study.grid)
        assert np.allclose(found.array, image.volume.array)
    with pytest.raises(UsageError) as caught:
        viewer.layers.save(str(tmp_path / "all"))
    assert caught.value.code == "OUT_NOT_EMPTY"
    (tmp_path / "file").write_text("not ours")
    with pytest.raises(UsageError) as caught:
        viewer.layers.save(str(tmp_path / "file"))
    assert caught.value.code == "OUT_NOT_FOLDER"
    with pytest.raises(UsageError, match="Choose another folder"):
        viewer.layers.save(str(tmp_path / "file" / "below"))
    (tmp_path / "two").mkdir()
    (tmp_path / "two" / ".DS_Store").touch()  # counts as nothing
    viewer.layers.selection = {desk.layer("liver"), desk.layer("lesions")}
    viewer.layers.save(str(tmp_path / "two"), selected=True)
    assert {file.name for file in (tmp_path / "two").glob("*.gz")} == {"liver.nii.gz", "lesions.nii.gz"}


def test_a_mask_is_taken_beside_the_window_unless_one_draws_where_it_goes(
    window: Any, study: OpenedStudy, tmp_path: Path
) -> None:
    from napari_netlm.widgets.run_row import RunRow

    row, later, model = RunRow(), Later(), ViewerModel()
    desk, told = put_on_desk(model, replace(study, path=tmp_path)), []
    row._run = later
    row.told.connect(told.append)
    row.show_desk(desk)
    model.layers.selection.active = desk.layer("treated")
    row.use_as.activated.emit(EDITABLE.index("liver"))
    assert not row.use_as.isEnabled()
    desk.edit("liver", (np.array([1]),) * 3, 1)
    later.all()
    assert [notice.code for notice in told] == ["NOT_TAKEN"]
    assert row.use_as.isEnabled()
    assert np.asarray(desk.layer("liver").data)[1, 1, 1] == 1
    row.use_as.activated.emit(EDITABLE.index("liver"))
    layer = desk.layer("liver")
    layer.contour = 0
    with layer.block_history():  # as between press and release
        layer.paint(model.dims.current_step, 0)
        later.all()
    assert [notice.code for notice in told] == ["NOT_TAKEN"] * 2
    assert np.asarray(layer.data)[1, 1, 1] == 1
    row.use_as.activated.emit(EDITABLE.index("liver"))
    later.all()
    assert np.array_equal(desk.mask("liver").array, study.masks["treated"].array)
    assert len(told) == 2
    model.layers.selection.active = model.add_labels(np.ones((2, 2, 2), dtype=np.uint8))
    row.use_as.activated.emit(EDITABLE.index("liver"))
    assert [notice.code for notice in told] == ["NOT_TAKEN"] * 3
    assert row.use_as.isEnabled()
    model.layers.remove(model.layers.selection.active)
    model.layers.selection.active = desk.layer("treated")
    row.use_as.activated.emit(EDITABLE.index("spleen"))
    clear_desk(model)
    row.show_desk(None)
    later.all()
    assert not model.layers


def test_all_panels_say_so_once_the_last_layer_is_deleted(
    viewer: Any, widget: Any, study: OpenedStudy, tmp_path: Path
) -> None:
    widget._put(replace(study, path=tmp_path))
    docks = [viewer.window.add_plugin_dock_widget("netlm-imaging", name) for name in ("Review", "Plan")]
    from napari_netlm.widgets.begin_row import NOTHING_OPEN as NOTHING_TO_PLAN
    from napari_netlm.widgets.review import NOTHING_OPEN as NOTHING_TO_REVIEW
    from napari_netlm.widgets.study import NOTHING_OPEN

    review, plan = (made for _dock, made in docks)
    wait_for(lambda: review.tools is not None and plan.planning is not None)
    wait_for(lambda: not plan.planning.busy and not plan.planning.proving)
    viewer.layers.remove(desk_of(viewer).layer("treated"))
    QApplication.processEvents()
    assert widget.work.isVisible()
    assert review.tools is not None
    viewer.layers.select_all()
    viewer.layers.remove_selected()
    assert not viewer.layers
    wait_for(lambda: review.tools is None and plan.planning is None)
    assert widget.title.text() == NOTHING_OPEN
    assert review.summary.text() == NOTHING_TO_REVIEW
    assert plan.begin.text.text() == NOTHING_TO_PLAN
    assert not widget.work.isVisible()
    assert not review.work.isEnabled()
    assert not plan.work.isEnabled()
    for dock, made in docks:
        viewer.window.remove_dock_widget(dock)
        made.close()


def test_a_folder_of_nothing_says_what_the_command_line_says(widget: Any, tmp_path: Path) -> None:
    widget.open_path(tmp_path)
    wait_for(lambda: not widget.job.busy)
    assert "NO_IMAGES" in widget.messages.toPlainText()


def test_painting_with_the_mouse_is_saved_and_undone_by_key(viewer: Any, study: OpenedStudy) -> None:
    desk = put_on_desk(viewer, study)
    layer = desk.layer("lesions")
    viewer.layers.selection.active = layer
    layer.mode, layer.selected_label, layer.brush_size = "paint", 6, 4
    canvas = viewer.window._qt_viewer.canvas
    before = desk.labels("lesions").array
    width, height = canvas.size[1] // 2, canvas.size[0] // 2
    _drag(canvas, (width, height), (width + 30, height + 10), button=1)
    drawn = desk.labels("lesions").array
    assert np.count_nonzero(drawn == 6) > 0
    wait_for(lambda: desk.autosave is not None and desk.autosave.saved and not desk.autosave.pending)
    layer.undo()
    assert np.array_equal(desk.labels("lesions").array, before)


def test_dragging_with_the_right_button_sets_the_window(viewer: Any, study: OpenedStudy) -> None:
    desk = put_on_desk(viewer, study)
    image = desk.layer("hbp")
    low, high = image.contrast_limits
    zoom = viewer.scene.camera.zoom
    _drag(viewer.window._qt_viewer.canvas, (200, 200), (300, 200), button=2)
    wider_low, wider_high = image.contrast_limits
    assert wider_high - wider_low > 1.2 * (high - low)
    assert viewer.scene.camera.zoom == zoom  # napari's own right drag zooms


def test_a_click_moves_the_crosshair(viewer: Any, study: OpenedStudy) -> None:
    desk = put_on_desk(viewer, study)
    _press(viewer, "Shift-X")
    assert desk.layer("crosshair") is not None
    before = desk.point_lps_mm
    canvas = viewer.window._qt_viewer.canvas
    _drag(canvas, (canvas.size[1] // 2 + 60, canvas.size[0] // 2), None, button=1)
    moved = desk.point_lps_mm - before
    assert moved[0] > 10.0  # to the right of the picture: to the patient's left
    _press(viewer, "Shift-X")
    assert desk.layer("crosshair") is None


def test_tabs_bear_the_names_of_what_they_hold(viewer: Any, widget: Any) -> None:
    """However they were opened: by the menu of napari too."""
    from qtpy.QtWidgets import QDockWidget

    from napari_netlm.widgets.beside import NEXT

    def titles() -> set[str]:
        return {dock.windowTitle() for dock in widget.window().findChildren(QDockWidget)}

    wait_for(lambda: "Study" in titles())
    made = [viewer.window.add_plugin_dock_widget("netlm-imaging", name)[1] for name in NEXT]
    wait_for(lambda: {"Study", *NEXT} <= titles())
    assert not any("netlm-imaging" in title for title in titles())
    for one in made:
        viewer.window.remove_dock_widget(one)
        one.close()


def test_the_menu_and_the_keys_do_the_same(viewer: Any, study: OpenedStudy) -> None:
    from napari._app_model import get_app_model

    put_on_desk(viewer, study)
    _press(viewer, "Control-2")
    assert viewer.dims.order == (1, 0, 2)
    get_app_model().commands.execute_command("netlm-imaging.axial").result()
    assert viewer.dims.order == (0, 1, 2)


def test_fusion_and_windows_follow_the_sliders(viewer: Any, widget: Any, study: OpenedStudy) -> None:
    desk = put_on_desk(viewer, study)
    widget.display.show_desk(desk)
    widget.display._suv.setValue(33)
    widget.display._fusion.setValue(20)
    pet = desk.layer("pet")
    assert pet.contrast_limits == [0.0, 33.0]
    assert pet.opacity == pytest.approx(0.2)


def test_a_case_is_planned_from_what_is_drawn(
    viewer: Any, widget: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Masks onto an opened study, taken for liver and lesions, planned in the background."""
    threads: list[str] = []

    def laid_out(*args: Any, **kwargs: Any) -> Any:
        threads.append(current_thread().name)
        return layer_of_mask(*args, **kwargs)

    monkeypatch.setattr("napari_netlm.desk.layer_of_mask", laid_out)
    small_study.write_study(tmp_path / "dicom")
    liver, lesions = small_study.write_masks(tmp_path / "masks")
    widget.open_path(tmp_path / "dicom")
    wait_for(lambda: not widget.job.busy)
    for file, key in ((liver, "liver"), (lesions, "lesions")):
        widget.add_mask(file)
        wait_for(lambda: not widget.job.busy)
        assert threads.pop() == "netlm-job"
        desk = desk_of(viewer)
        assert desk is not None
        desk.using(desk.keys[-1], key)()()
        viewer.layers.remove(desk.layer("mask_1"))
    desk.record("settings", {"uncertainty": {"draws": 0}})  # quick
    widget.run_case(tmp_path / "case")
    wait_for(lambda: not widget.job.busy, seconds=120)
    finished = desk_of(viewer)
    assert finished is not None
    assert (tmp_path / "case" / "report.html").is_file()
    assert finished.study.case is not None
    assert [lesion.id for lesion in finished.study.case.lesions] == [4, 9]
    assert {"hbp", "liver", "lesions", "treated"} <= set(finished.keys)


def test_a_mask_that_is_added_does_not_end_the_registration_of_pet(
    viewer: Any, widget: Any, study: OpenedStudy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    go_on = Event()

    def registered(_study: OpenedStudy, **_how: Any) -> Addition:
        go_on.wait(60)
        return Addition(image=study.images[1])

    monkeypatch.setattr("napari_netlm.widgets.study.registered_pet", registered)
    read = SimpleNamespace(pet=object(), frame_uid_hash="")
    widget._put(replace(study, path=tmp_path, images=study.images[:1], read=read))
    desk = desk_of(viewer)
    widget.add_mask(write_nifti(study.masks["liver"], tmp_path / "liver.nii.gz"))
    wait_for(lambda: desk.layer("mask_1") is not None)
    assert desk.layer("pet") is None
    go_on.set()
    wait_for(lambda: desk.layer("pet") is not None)


def test_a_registration_that_was_cancelled_begins_again_with_a_double_click_on_pet(
    viewer: Any, widget: Any, study: OpenedStudy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    go_on, begun = Event(), []

    def registered(_study: OpenedStudy, **_how: Any) -> Addition:
        begun.append("registration")
        go_on.wait(60)
        return Addition(image=study.images[1])

    monkeypatch.setattr("napari_netlm.widgets.study.registered_pet", registered)
    small_study.write_study(tmp_path / "dicom")
    (series,) = open_study(tmp_path / "dicom").series
    pet = replace(series, number=3, role="pet", frame_uid_hash="another")
    read = SimpleNamespace(pet=object(), frame_uid_hash="", same_frame=False)
    widget._put(replace(study, path=tmp_path, images=study.images[:1], series=(pet,), read=read))
    desk = desk_of(viewer)
    wait_for(lambda: len(begun) == 1)
    widget.registering.findChild(QPushButton).click()
    assert not widget.registering.busy
    assert "PET_NOT_REGISTERED" in widget.messages.toPlainText()
    assert "Double-click" in widget.messages.toPlainText()
    item = widget.series.topLevelItem(0)
    widget.series.itemDoubleClicked.emit(item, 0)
    wait_for(lambda: len(begun) == 2)
    assert "PET_NOT_REGISTERED" not in widget.messages.toPlainText()
    widget.series.itemDoubleClicked.emit(item, 0)  # an impatient one begins nothing anew
    go_on.set()
    wait_for(lambda: desk.layer("pet") is not None)
    assert len(begun) == 2
    assert widget.series.topLevelItem(0).text(0) == "●"


def drop(widget: Any, *paths: Path | str) -> None:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    left, none = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    widget.dropEvent(QDropEvent(QPointF(5, 5), Qt.DropAction.CopyAction, data, left, none))
    wait_for(lambda: not widget.job.busy)


def test_single_images_that_are_dropped_open_their_study(viewer: Any, widget: Any, tmp_path: Path) -> None:
    slices = small_study.flat(small_study.write_study(tmp_path / "dicom"), tmp_path / "flat")
    liver, _ = small_study.write_masks(tmp_path / "masks")
    assert len(slices) > 10
    drop(widget, *slices[:9], liver)
    desk = desk_of(viewer)
    assert desk.keys == ("hbp", "mask_1")
    assert desk.study.grid.same_as(small_study.GRID)
    assert "error" not in widget.messages.toPlainText()
    (tmp_path / "other").mkdir()
    drop(widget, slices[0], shutil.copy(slices[1], tmp_path / "other"))
    assert widget.messages.toPlainText().count("error") == 1
    assert "SEVERAL_FOLDERS" in widget.messages.toPlainText()
    assert desk_of(viewer) is desk


def test_masks_that_are_dropped_together_come_onto_the_study_that_is_opening(
    viewer: Any, widget: Any, tmp_path: Path
) -> None:
    folder = small_study.write_study(tmp_path / "dicom")
    liver, lesions = small_study.write_masks(tmp_path / "masks")
    drop(widget, liver, folder, lesions)
    desk = desk_of(viewer)
    assert desk.keys == ("hbp", "mask_1", "mask_2")
    assert np.array_equal(desk.labels("mask_1").array, small_study.liver())
    assert np.array_equal(desk.labels("mask_2").array, small_study.lesions().array)
    widget.add_mask(tmp_path / "none.nii.gz")
    widget.add_mask(liver)
    wait_for(lambda: not widget.job.busy)
    assert "error" in widget.messages.toPlainText()
    assert "mask_3" in desk.keys, "after one that cannot be read the next is read"


def test_work_that_is_cancelled_leaves_no_case(viewer: Any, widget: Any, tmp_path: Path) -> None:
    widget.open_path(tmp_path)  # any job
    wait_for(lambda: not widget.job.busy)
    began: list[Reporter] = []

    def job(report: Reporter) -> None:
        began.append(report)
        while True:
            report.say("working")
            time.sleep(0.01)

    widget.job.start(job, lambda _result: pytest.fail("a cancelled job has no result"))
    widget.job.then(lambda: pytest.fail("what waits for it is not done either"))
    wait_for(lambda: began)
    widget.job.cancel()
    assert not widget.job.busy
    assert began[0].cancelled
    shutil.rmtree(tmp_path)


def _press(viewer: Any, key: str) -> None:
    """As napari dispatches a shortcut."""
    from app_model.types import KeyBinding

    binding = KeyBinding.from_str(key.replace("Control", "Ctrl").replace("-", "+"))
    viewer.keymap[binding](viewer)


def test_a_whole_review_and_plan_takes_few_clicks(
    viewer: Any, widget: Any, study: OpenedStudy, tmp_path: Path
) -> None:
    """As ``python -m benchmarks.clicks`` counts it on a sample patient (docs/viewer.md)."""
    widget._put(replace(study, path=tmp_path))
    desk, person = desk_of(viewer), Person(viewer)
    try:
        landmarks = drawn_landmarks(desk)
        review_and_plan(person, widget, landmarks=landmarks, name="Reader 1")
        planned = desk.planning.started
    finally:
        for name in ("Review", "Plan", "Decide"):
            dock, made = viewer.window.add_plugin_dock_widget("netlm-imaging", name)
            viewer.window.remove_dock_widget(dock)
            made.close()
    lesions = len(study.case.lesions)
    assert person.keys.total() <= lesions + len("Reader 1\n") + 5
    assert person.clicks.total() <= 12 + len(landmarks)
    assert len(planned.lesions) == lesions - 1, "one was rejected"
    assert all(lesion.segments for lesion in planned.lesions)
    assert read_mask(str(tmp_path / "review/segments.nii.gz")).labels.labels == tuple(range(1, 9))


def _drag(canvas: Any, start: tuple[int, int], end: tuple[int, int] | None, *, button: int) -> None:
    """Press, move in steps and release on the canvas, in pixels from its top left."""
    from qtpy.QtWidgets import QApplication

    events = canvas._scene_canvas.events
    press = events.mouse_press(pos=start, button=button, buttons=[button], modifiers=())
    if end is not None:
        for share in np.linspace(0.1, 1.0, 8):
            at = tuple(int(a + share * (b - a)) for a, b in zip(start, end, strict=True))
            events.mouse_move(
                pos=at, button=button, buttons=[button], modifiers=(), press_event=press, last_event=press
            )
            time.sleep(0.01)  # napari takes one move in 5 ms
            QApplication.processEvents()
    events.mouse_release(
        pos=end or start, button=button, buttons=[], modifiers=(), press_event=press, last_event=press
    )
