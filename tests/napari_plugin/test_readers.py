"""What the viewer is given: layers the right way round, from a finished case or a folder of images."""

from __future__ import annotations

import re
from importlib import import_module, resources
from pathlib import Path

import numpy as np
import pytest
from strategies import ellipsoid, oblique_grid

from napari_netlm.layers import layer
from napari_netlm.readers import get_reader
from netlm_imaging.errors import InputError
from netlm_imaging.volume import Mask, Volume


@pytest.mark.parametrize("left_handed", [False, True])
@pytest.mark.parametrize("euler", [(4.0, -6.0, 9.0), (92.0, 5.0, 3.0), (3.0, 88.0, -95.0), (2.0, 4.0, 178.0)])
def test_a_marker_on_the_patients_left_is_shown_there(
    euler: tuple[float, float, float], left_handed: bool
) -> None:
    grid = oblique_grid((20, 24, 31), (2.0, 1.7, 2.4), euler_degrees=euler, left_handed=left_handed)
    middle = grid.to_patient((np.asarray(grid.shape_kji) - 1) / 2)
    marker = middle + np.array([12.0, -8.0, 5.0])  # to the left, front and head
    array, kwargs, kind = layer(Mask(ellipsoid(grid, marker, [3.0] * 3), grid), "marker")
    assert kind == "labels"
    shown_mm = np.argwhere(array).mean(axis=0) * kwargs["scale"]
    center_mm = (np.asarray(array.shape) - 1) / 2 * kwargs["scale"]
    head, back, left = shown_mm - center_mm
    assert head > 2.0
    assert back < -4.0
    assert left > 8.0


def test_an_image_has_a_window_even_when_it_is_flat() -> None:
    grid = oblique_grid()
    _, kwargs, kind = layer(Volume(np.full(grid.shape_kji, 7.0), grid), "flat")
    assert kind == "image"
    low, high = kwargs["contrast_limits"]
    assert low < high


def test_a_finished_case_opens_as_its_layers(finished: Path) -> None:
    reader = get_reader(str(finished))
    assert reader is not None
    layers = reader(str(finished))
    assert [kwargs["metadata"]["netlm"]["key"] for _, kwargs, _ in layers] == [
        "ablation_margin_mm",
        "segments",
        "liver",
        "treated",
        "lesions",
    ]
    assert [kind for _, _, kind in layers] == ["image", *["labels"] * 4]
    assert set(np.unique(layers[-1][0])) == {0, 1, 2, 3, 4, 5}
    again = get_reader(str(finished / "case.json"))
    assert again is not None
    assert len(again(str(finished / "case.json"))) == 5


def test_a_case_that_is_none_says_what_the_command_line_says(tmp_path: Path) -> None:
    (tmp_path / "case.json").write_text("{}")
    reader = get_reader(str(tmp_path))
    assert reader is not None
    with pytest.raises(InputError) as caught:
        reader(str(tmp_path))
    assert caught.value.codes == ("BAD_CASE",)


def test_what_is_no_folder_is_left_to_other_readers(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("")
    assert get_reader(str(tmp_path / "a.txt")) is None
    assert get_reader([str(tmp_path)]) is None


def test_every_command_of_the_manifest_exists() -> None:
    manifest = (resources.files("napari_netlm") / "napari.yaml").read_text()
    names = re.findall(r"python_name: ([\w.]+):(\w+)", manifest)
    assert names
    assert all(hasattr(import_module(module), name) for module, name in names)
