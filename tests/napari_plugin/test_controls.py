"""Mouse, keys and windows without a window."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from napari.components import ViewerModel

from napari_netlm.crosshair import show_crosshair
from napari_netlm.hang import put_on_desk
from napari_netlm.keys import COMMANDS, coronal, sagittal, three_d, toggle_masks, toggle_outlines, toggle_pet
from napari_netlm.mouse import moved_window, scroll, set_window, top_image
from napari_netlm.opened import OpenedStudy
from napari_netlm.windows import FIXED, first_window, presets


@pytest.fixture
def viewer(study: OpenedStudy) -> Any:
    made = ViewerModel()
    put_on_desk(made, study)
    return made


def wheel(viewer: Any, delta: float, *modifiers: str) -> Any:
    event = SimpleNamespace(delta=(0.0, delta), modifiers=modifiers, handled=False)
    scroll(viewer, event)
    return event


def test_the_wheel_goes_through_slices_as_on_a_reading_station(viewer: Any) -> None:
    k, j, i = viewer.dims.current_step
    assert wheel(viewer, -1.0).handled
    assert viewer.dims.current_step == (k - 1, j, i)  # towards oneself: to the feet
    coronal(viewer)
    wheel(viewer, -1.0)
    assert viewer.dims.current_step == (k - 1, j + 1, i)  # to the back
    sagittal(viewer)
    wheel(viewer, -1.0)
    wheel(viewer, -1.0)
    wheel(viewer, 1.0)
    assert viewer.dims.current_step == (k - 1, j + 1, i + 1)  # to the patient's left
    zoom = viewer.scene.camera.zoom
    wheel(viewer, 1.0, "Shift")
    assert viewer.scene.camera.zoom > zoom
    three_d(viewer)
    assert not wheel(viewer, 1.0).handled


def test_dragging_right_widens_and_dragging_up_brightens() -> None:
    level, width = moved_window(-100.0, 100.0, right=0, down=0)
    assert (level, width) == (0.0, 200.0)
    assert moved_window(-100.0, 100.0, right=50, down=0)[1] > 200.0
    assert moved_window(-100.0, 100.0, right=0, down=-50)[0] < 0.0  # lower level: more is white


def test_a_window_may_reach_beyond_the_values_of_the_image(viewer: Any) -> None:
    pet = next(layer for layer in viewer.layers if layer.name == "PET (SUV)")
    set_window(pet, 0.0, 400.0)
    assert pet.contrast_limits == [0.0, 400.0]


def test_windows_act_on_the_reference_image_unless_another_is_selected(viewer: Any) -> None:
    assert top_image(viewer).name == "HBP MRI"
    viewer.layers.selection.active = viewer.layers["Lesions"]
    assert top_image(viewer).name == "HBP MRI"
    viewer.layers.selection.active = viewer.layers["PET (SUV)"]
    assert top_image(viewer).name == "PET (SUV)"


def test_ct_and_pet_have_fixed_windows_and_mri_its_own() -> None:
    ramp = np.linspace(0.0, 1000.0, 40**3, dtype=np.float32).reshape(40, 40, 40)
    assert first_window(ramp, modality="CT") == (-160.0, 240.0)
    assert first_window(ramp, modality="PT") == (0.0, 20.0)
    low, high = first_window(ramp, modality="MR")
    assert 0.0 < low < 50.0
    assert 1000.0 < high < 1500.0  # the brightest tissue is gray, not white
    assert presets(ramp, modality="CT") is FIXED["CT"]
    assert all(a < b for a, b in presets(np.full((9, 9, 9), 4.0), modality="MR").values())


def test_outlines_can_be_filled_and_masks_hidden(viewer: Any, study: OpenedStudy) -> None:
    lesions = viewer.layers["Lesions"]
    toggle_outlines(viewer)
    assert lesions.contour == 0
    assert lesions.opacity < 1.0
    toggle_outlines(viewer)
    assert (lesions.contour, lesions.opacity) == (1, 1.0)
    seen = [layer.name for layer in viewer.layers if layer.visible]
    toggle_masks(viewer)
    assert [layer.name for layer in viewer.layers if layer.visible] == ["HBP MRI", "PET (SUV)"]
    toggle_masks(viewer)
    assert [layer.name for layer in viewer.layers if layer.visible] == seen
    toggle_pet(viewer)
    assert not viewer.layers["PET (SUV)"].visible


def test_3d_shows_masks_and_the_images_come_back(viewer: Any) -> None:
    seen = [layer.name for layer in viewer.layers if layer.visible]
    three_d(viewer)
    assert {layer.name for layer in viewer.layers if layer.visible} == {"Liver", "Treated", "Lesions"}
    coronal(viewer)
    assert [layer.name for layer in viewer.layers if layer.visible] == seen


def test_the_crosshair_is_where_the_slices_meet(viewer: Any) -> None:
    from napari_netlm.desk import desk_of

    desk = desk_of(viewer)
    assert desk is not None
    show_crosshair(desk, seen=True)
    desk.go_to(desk.study.grid.to_patient((10, 20, 30)))
    lines = desk.layer("crosshair").data
    for axis in range(3):  # each line runs along its own axis, through the point
        others = [n for n in range(3) if n != axis]
        assert lines[axis, 0, others].tolist() == [viewer.dims.current_step[n] for n in others]
    show_crosshair(desk, seen=False)
    assert desk.layer("crosshair") is None


def test_no_shortcut_is_taken_from_napari() -> None:
    from napari.utils.shortcuts import default_shortcuts

    taken = {str(key).lower() for keys in default_shortcuts.values() for key in keys}
    ours = [command.key.replace("Control", "ctrl").replace("-", "+").lower() for command in COMMANDS]
    assert len(set(ours)) == len(ours)
    assert not taken & set(ours)
