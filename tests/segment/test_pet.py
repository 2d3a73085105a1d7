from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
from scipy import ndimage

sys.path.append(str(Path(__file__).parent))

from anatomies import CENTER, GRID, Scan, abdomen, egg

from netlm_imaging.errors import InputError
from netlm_imaging.segment import liver_background, segment_pet_lesions
from netlm_imaging.settings import PetSettings
from netlm_imaging.volume import Mask, Volume

HOT = CENTER + (-70.0, -15.0, 5.0)  # noqa: RUF005


def bump(center: np.ndarray, height: float, sigma_mm: float, base: float = 4.8) -> Volume:  # type: ignore[type-arg]
    """Liver with one Gaussian of uptake: the contour at any level is a sphere of known radius."""
    points = GRID.to_patient(np.moveaxis(np.indices(GRID.shape_kji), 0, -1)) - center
    noise = np.random.default_rng(0).normal(0.0, 0.2, GRID.shape_kji)
    hill = height * np.exp(-(points**2).sum(axis=-1) / (2 * sigma_mm**2))
    return Volume(base + hill + ndimage.gaussian_filter(noise, 1.0), GRID)


def liver() -> Mask:
    return Mask(abdomen().liver, GRID)


def sphere_ml(radius_mm: float) -> float:
    return 4.0 / 3.0 * np.pi * radius_mm**3 / 1000.0


@pytest.mark.parametrize(("height", "share"), [(30.0, 0.45), (30.0, 0.6)])
def test_the_contour_is_the_share_of_the_maximum(height: float, share: float) -> None:
    settings = PetSettings(threshold_fraction_of_max=share)
    found = segment_pet_lesions(bump(HOT, height, 9.0), liver(), settings=settings)
    level = share * (height + 4.8) - 4.8
    radius = 9.0 * np.sqrt(2 * np.log(height / level))
    assert found.labels.labels == (1,)
    assert found.labels.any.volume_ml == pytest.approx(sphere_ml(radius), rel=0.06)


def test_the_contour_never_falls_below_the_liver_plus_two_sd() -> None:
    found = segment_pet_lesions(bump(HOT, 4.0, 9.0), liver())
    floor = found.background.mean + 2.0 * found.background.sd
    assert floor > 0.45 * 8.8
    radius = 9.0 * np.sqrt(2 * np.log(4.0 / (floor - 4.8)))
    assert found.labels.any.volume_ml == pytest.approx(sphere_ml(radius), rel=0.15)


def test_the_background_is_right_liver_without_tumor() -> None:
    found = segment_pet_lesions(bump(HOT, 30.0, 9.0), liver()).background
    assert found.mean == pytest.approx(4.8, abs=0.05)
    assert liver_background(bump(HOT, 30.0, 9.0), liver()) == found
    assert found.radius_mm == 15.0
    ball = GRID.to_patient(np.argwhere(np.ones(GRID.shape_kji))) - found.center_lps_mm
    inside = np.linalg.norm(ball, axis=1).reshape(GRID.shape_kji) <= 15.0
    assert (liver().array[inside]).all()
    middle = GRID.to_patient(np.argwhere(liver().array))[:, 0].mean()
    assert found.center_lps_mm[0] < middle + 3.0
    assert np.linalg.norm(np.subtract(found.center_lps_mm, HOT)) > 15.0


def test_each_of_two_lesions_has_its_own_threshold() -> None:
    weak = CENTER - (20.0, 25.0, -25.0)
    both = bump(HOT, 40.0, 8.0).array + bump(weak, 8.0, 8.0, base=0.0).array
    found = segment_pet_lesions(Volume(both, GRID), liver())
    assert len(found.labels.labels) == 2
    index = tuple(np.rint(GRID.to_index(weak)).astype(int))
    assert found.labels.array[index] > 0


def test_uptake_outside_the_liver_and_noise_are_no_lesions() -> None:
    scan: Scan = abdomen()
    assert scan.images.suv is not None
    found = segment_pet_lesions(scan.images.suv, liver())
    touched = {int(v) for v in np.unique(scan.lesions[found.labels.array > 0])} - {0}
    assert touched == {1, 2, 3}
    for label in found.labels.labels:
        assert (scan.lesions[found.labels.array == label] > 0).any()


def test_a_quiet_liver_has_no_lesions() -> None:
    assert segment_pet_lesions(bump(HOT, 0.0, 9.0), liver()).labels.labels == ()


def test_a_liver_full_of_known_tumor_has_no_background() -> None:
    with pytest.raises(InputError) as error:
        segment_pet_lesions(bump(HOT, 30.0, 9.0), liver(), exclude=liver())
    assert error.value.code == "NO_PET_BACKGROUND"


def test_little_room_is_said() -> None:
    known = liver().array & ~egg(((-70.0, 20.0, 10.0), 18.0))
    found = segment_pet_lesions(bump(HOT, 30.0, 9.0), liver(), exclude=Mask(known, GRID))
    assert found.background.radius_mm < 15.0
    assert [n.code for n in found.notices] == ["PET_BACKGROUND_SMALL"]
