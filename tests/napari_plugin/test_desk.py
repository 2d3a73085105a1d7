"""A study on a viewer without a window: layers, edits, points, views."""

from __future__ import annotations

import subprocess
import sys
from copy import deepcopy
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from napari.components import ViewerModel
from strategies import oblique_grid

from napari_netlm.desk import clear_desk, desk_of, key_of
from napari_netlm.hang import put_on_desk
from napari_netlm.opened import OpenedStudy, ShownImage
from napari_netlm.views import current_view, show_3d, show_view, write_unseen
from netlm_imaging.volume import LabelMap, Mask, Volume


def test_layers_come_in_order_with_names_for_people(study: OpenedStudy) -> None:
    viewer = ViewerModel()
    desk = put_on_desk(viewer, study)
    assert desk.keys == ("hbp", "pet", "segments", "liver", "treated", "vessels", "lesions")
    assert [layer.name for layer in viewer.layers][:2] == ["HBP MRI", "PET (SUV)"]
    seen = {desk_key for desk_key in desk.keys if desk.layer(desk_key).visible}
    assert seen == {"hbp", "pet", "liver", "treated", "lesions"}
    assert desk.layer("lesions").contour == 1
    assert desk.layer("pet").colorbar.visible
    assert desk.layer("pet").contrast_limits == [0.0, 20.0]
    assert {str(unit) for layer in viewer.layers for unit in layer.units} == {"millimeter"}


def test_layers_are_added_and_selected_at_once_and_put_away_at_once(study: OpenedStudy) -> None:
    viewer = ViewerModel()
    own = viewer.add_image(np.zeros((3, 3, 3)))
    selected: list[object] = []
    batches: list[int] = []
    viewer.layers.selection.events.active.connect(lambda event: selected.append(event.value))
    viewer.layers.events.end_batch.connect(lambda _event: batches.append(len(viewer.layers)))
    desk = put_on_desk(viewer, study)
    assert selected == [None, desk.layer("hbp")]
    assert set(viewer.layers.selection) == {desk.layer("hbp")}
    clear_desk(viewer)
    assert list(viewer.layers) == [own]
    assert batches == [8, 1]


def test_layers_that_are_not_seen_may_come_later_or_when_asked_for(study: OpenedStudy) -> None:
    viewer = ViewerModel()
    desk = put_on_desk(viewer, study, unseen_later=True)
    first = ["HBP MRI", "PET (SUV)", "Liver", "Treated", "Lesions"]
    assert [layer.name for layer in viewer.layers] == first
    assert desk.series_shown == {2, 3}
    vessels = desk.layer("vessels")
    assert [layer.name for layer in viewer.layers] == [*first[:4], "Vessels", "Lesions"]
    assert not vessels.visible
    desk.edit("vessels", (np.array([0]),) * 3, 1)
    assert "vessels" in desk.edited
    desk.make(1)
    assert not desk.waiting.keys
    assert desk.keys == ("hbp", "pet", "segments", "liver", "treated", "vessels", "lesions")
    assert viewer.layers.selection.active is desk.layer("hbp")
    clear_desk(viewer)
    assert not viewer.layers


def test_what_follows_from_masks_is_the_same_before_they_have_layers(study: OpenedStudy) -> None:
    viewer = ViewerModel()
    now, later = (put_on_desk(viewer, study, unseen_later=later).anatomy() for later in (False, True))
    assert np.array_equal(now.segments.array, later.segments.array)
    assert np.array_equal(now.vessels.array, later.vessels.array)
    assert "vessels" not in {key_of(layer) for layer in viewer.layers}


def test_layers_that_come_later_leave_the_selection_as_it_is(study: OpenedStudy) -> None:
    """What is selected is what the viewer saves, and what its keys act on."""
    viewer = ViewerModel()
    desk = put_on_desk(viewer, study, unseen_later=True)
    two = {desk.layer("liver"), desk.layer("lesions")}
    viewer.layers.selection = two
    desk.make(1)
    assert set(viewer.layers.selection) == two
    viewer.layers.selection.clear()
    desk.make(1)
    assert not viewer.layers.selection
    assert viewer.add_image(np.zeros((3, 3, 3))) is viewer.layers.selection.active


def test_a_layer_that_fails_to_be_made_waits_and_is_never_there_twice(
    study: OpenedStudy, monkeypatch: pytest.MonkeyPatch
) -> None:
    viewer = ViewerModel()
    desk = put_on_desk(viewer, study, unseen_later=True)
    full = "no memory"

    def fail(_layer: object) -> None:
        raise MemoryError(full)

    with monkeypatch.context() as patched:
        patched.setattr("napari_netlm.desk.finish_layer", fail)
        with pytest.raises(MemoryError, match=full):
            desk.layer("vessels")
    assert desk.mask("vessels").voxels == desk.study.masks["vessels"].voxels
    assert len(viewer.layers) == 5
    viewer.layers.events.inserted.connect(lambda _event: desk.make())  # others ask while it comes
    desk.make(1)
    assert [key_of(layer) for layer in viewer.layers] == [
        *("hbp", "pet", "segments", "liver", "treated", "vessels", "lesions")
    ]
    desk.edit("vessels", (np.array([0]),) * 3, 1)
    assert desk.edited == {"vessels"}


def test_a_study_of_nothing_but_hidden_layers_opens(study: OpenedStudy) -> None:
    bare = replace(study, images=(), masks={"segments": study.masks["segments"]})
    viewer = ViewerModel()
    desk = put_on_desk(viewer, bare, unseen_later=True)
    assert desk_of(viewer) is desk
    assert [key_of(layer) for layer in viewer.layers] == ["segments"]


def test_a_desk_that_is_closed_makes_no_layers(study: OpenedStudy) -> None:
    viewer = ViewerModel()
    desk = put_on_desk(viewer, study, unseen_later=True)
    clear_desk(viewer)
    assert desk.layer("segments") is None
    desk.make()
    assert not viewer.layers


def test_what_napari_loads_with_its_first_layers_can_be_loaded_before_them() -> None:
    code = (
        "import sys, napari_netlm.hang as hang; late = {'pandas', 'skimage.color'}; "
        "assert not late & set(sys.modules); hang.load_layers(); assert late <= set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)
    code = (
        "import pint, napari_netlm.hang as hang; units = pint.get_application_registry(); "
        "read = lambda: '_units' in vars(object.__getattribute__(units, '_registry')); "
        "assert not read(); hang.load_units(); assert read()"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)


def test_without_images_the_lesions_are_selected(study: OpenedStudy) -> None:
    viewer = ViewerModel()
    desk = put_on_desk(viewer, replace(study, images=()))
    assert viewer.layers.selection.active is desk.layer("lesions")


def test_an_edit_is_told_and_comes_back_on_the_grid_of_the_study(study: OpenedStudy) -> None:
    desk = put_on_desk(ViewerModel(), study)
    point = study.grid.to_patient((30, 40, 50))
    told: list[str] = []
    seen: list[int] = []
    desk.changed.connect(told.append)
    desk.changed.connect(lambda key: seen.append(int(desk.labels(key).array[30, 40, 50])))
    index = tuple(np.array([int(n)]) for n in np.rint(desk.frame.shown_grid.to_index(point)))
    desk.edit("lesions", index, 7)
    assert seen == [7]  # told after the voxel is there
    changed = np.argwhere(desk.labels("lesions").array != study.masks["lesions"].array)
    assert changed.tolist() == [[30, 40, 50]]
    desk.undo("lesions")
    assert np.array_equal(desk.labels("lesions").array, study.masks["lesions"].array)
    desk.redo("lesions")
    assert desk.labels("lesions").array[30, 40, 50] == 7
    assert told == ["lesions"] * 3


def test_a_brush_stroke_is_told_and_so_is_its_undo_by_key(study: OpenedStudy) -> None:
    desk = put_on_desk(ViewerModel(), study)
    told: list[str] = []
    desk.changed.connect(told.append)
    layer = desk.layer("liver")
    layer.brush_size = 3
    layer.selected_label = 1
    layer.paint((3, 3, 3), 1)
    layer.undo()
    assert told == ["liver", "liver"]
    desk.viewer.dims.set_current_step(0, 4)
    assert told == ["liver", "liver"]  # looking is no change


def test_edits_of_a_hidden_mask_can_be_undone_too(study: OpenedStudy) -> None:
    desk = put_on_desk(ViewerModel(), study)
    told: list[str] = []
    desk.changed.connect(told.append)
    assert not desk.layer("segments").visible
    desk.edit("segments", (np.array([1]), np.array([2]), np.array([3])), 5)
    desk.undo("segments")
    assert told == ["segments", "segments"]


def test_the_study_itself_never_changes(study: OpenedStudy) -> None:
    desk = put_on_desk(ViewerModel(), study)
    before = study.masks["lesions"].array.copy()
    desk.layer("lesions").data[:] = 9
    assert np.array_equal(study.masks["lesions"].array, before)


def test_the_anatomy_is_that_of_the_masks_as_drawn(study: OpenedStudy) -> None:
    desk = put_on_desk(ViewerModel(), study)
    desk.show_labels("lesions", LabelMap(np.where(study.masks["lesions"].array == 2, 2, 0), study.grid))
    anatomy = desk.anatomy()
    assert anatomy is not None
    assert anatomy.lesions.labels == (2,)
    assert anatomy.segments is not None
    assert isinstance(anatomy.vessels, Mask)


def test_a_point_of_the_patient_is_where_the_cursor_goes(study: OpenedStudy) -> None:
    desk = put_on_desk(ViewerModel(), study)
    point = study.grid.to_patient((12, 60, 33))
    desk.go_to(point)
    index = study.masks["lesions"].canonical().grid.to_index(point)
    assert desk.viewer.dims.current_step == tuple(int(n) for n in np.rint(index))
    assert desk.point_lps_mm == pytest.approx(point, abs=0.5)


def test_a_jump_tells_of_what_lies_under_the_mouse_once_and_of_no_layer(study: OpenedStudy) -> None:
    """The window draws itself anew for each word that changes in it."""
    viewer = ViewerModel()
    desk = put_on_desk(viewer, study)
    viewer.mouse_over_canvas = True
    told: list[str] = []
    viewer.events.status.connect(lambda _event: told.append("status"))
    viewer.layers.events.connect(lambda event: told.append(event.type))
    desk.go_to(study.grid.to_patient((12, 60, 33)))
    assert told == ["status"]
    assert f"[{viewer.dims.point[0]:.2f}" in str(viewer.status)


def test_layers_may_come_while_slices_change(study: OpenedStudy) -> None:
    viewer = ViewerModel()
    desk = put_on_desk(viewer, study)
    inserted: list[object] = []
    viewer.layers.events.inserted.connect(lambda event: inserted.append(event.value))
    viewer.dims.events.point.connect(lambda _event: inserted or viewer.add_points(np.zeros((1, 3))))
    desk.go_to(study.grid.to_patient((12, 60, 33)))
    assert inserted == [viewer.layers[-1]]


@pytest.mark.parametrize(("view", "letters"), [("axial", "RLAP"), ("coronal", "RLSI"), ("sagittal", "APSI")])
def test_views_are_hung_as_radiologists_have_them(study: OpenedStudy, view: str, letters: str) -> None:
    viewer = ViewerModel()
    put_on_desk(viewer, study)
    show_view(viewer, view)
    assert current_view(viewer) == view
    overlays = viewer.canvas.overlays
    shown = "".join(overlays[f"letter_{name}"].text for name in ("left", "right", "top", "bottom"))
    assert shown == letters
    assert viewer.scene.camera.orientation2d == ("down" if view == "axial" else "up", "right")


def test_letters_are_seen_with_a_study_only(study: OpenedStudy) -> None:
    """On any other image they would name sides that nobody knows."""
    viewer = ViewerModel()
    write_unseen(viewer)
    letters = [o for name, o in viewer.canvas.overlays.items() if name.startswith("letter_")]
    assert len(letters) == 4
    assert not any(letter.color[3] for letter in letters)
    put_on_desk(viewer, study)
    assert all(letter.visible and letter.color[3] == 1.0 for letter in letters)
    assert "".join(sorted(letter.text for letter in letters)) == "ALPR"
    clear_desk(viewer)
    assert not any(letter.visible for letter in letters)


def test_letters_of_an_oblique_acquisition_say_so() -> None:
    """Turned by 40 degrees about the head-feet axis: rows run from right and front to left and back."""
    grid = oblique_grid((14, 33, 27), euler_degrees=(0.0, 5.0, 40.0))
    image = Volume(np.zeros(grid.shape_kji, np.float32), grid)
    study = OpenedStudy(
        path=Path("study"), grid=grid, images=(ShownImage(role="hbp", modality="MR", volume=image),)
    )
    viewer = ViewerModel()
    put_on_desk(viewer, study)
    overlays = viewer.canvas.overlays
    shown = [overlays[f"letter_{name}"].text for name in ("left", "right", "top", "bottom")]
    assert shown == ["RA", "LP", "AL", "PR"]
    show_view(viewer, "coronal")
    assert [overlays[f"letter_{name}"].text for name in ("left", "top")] == ["RA", "S"]


def test_the_button_of_the_viewer_between_2d_and_3d_does_as_ours(study: OpenedStudy) -> None:
    viewer = ViewerModel()
    desk = put_on_desk(viewer, study)
    show_view(viewer, "sagittal")
    viewer.dims.ndisplay = 3
    assert viewer.scene.camera.orientation == ("away", "up", "right")
    assert desk.layer("lesions").contour == 0
    assert not desk.layer("hbp").visible
    assert not viewer.canvas.overlays["letter_left"].visible
    viewer.dims.ndisplay = 2
    assert current_view(viewer) == "sagittal"
    assert desk.layer("lesions").contour > 0
    assert desk.layer("hbp").visible
    assert viewer.canvas.overlays["letter_left"].text == "A"
    clear_desk(viewer)
    viewer.dims.ndisplay = 3  # no longer ours


def test_3d_is_seen_from_the_front_and_not_mirrored(study: OpenedStudy) -> None:
    viewer = ViewerModel()
    put_on_desk(viewer, study)
    show_3d(viewer)
    assert current_view(viewer) is None
    assert viewer.dims.order == (1, 0, 2)
    assert viewer.scene.camera.orientation == ("away", "up", "right")
    assert not any(viewer.canvas.overlays[f"letter_{name}"].visible for name in ("left", "top"))


def test_another_study_takes_the_place_of_the_first(study: OpenedStudy) -> None:
    viewer = ViewerModel()
    note = viewer.add_points([[0, 0, 0]], name="my note")
    first = put_on_desk(viewer, study)
    closed: list[bool] = []
    first.closed.connect(lambda: closed.append(True))
    second = put_on_desk(viewer, deepcopy(study))
    assert closed == [True]
    assert desk_of(viewer) is second
    assert note in viewer.layers
    assert len(viewer.layers) == 1 + len(second.keys)
    clear_desk(viewer)
    assert desk_of(viewer) is None


def test_a_copied_layer_does_not_copy_the_study(study: OpenedStudy) -> None:
    desk = put_on_desk(ViewerModel(), study)
    assert deepcopy(desk.layer("lesions").metadata)["netlm"]["study"] is study


def test_what_people_decide_is_kept_by_name(study: OpenedStudy) -> None:
    desk = put_on_desk(ViewerModel(), study)
    told: list[str] = []
    desk.changed.connect(told.append)
    desk.record("review", {"2": "accepted"})
    assert desk.records == {"review": {"2": "accepted"}}
    assert told == ["review"]
