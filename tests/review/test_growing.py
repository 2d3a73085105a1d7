"""What grows from a click, against balls and tubes of known size in blurred, noisy images."""

from __future__ import annotations

import numpy as np
import pytest
from review.review_examples import GRID, ball, index_of
from scipy import ndimage

from netlm_imaging.errors import UsageError
from netlm_imaging.review import grown, levels_at, threshold_brushed

LIVER, LESION, NOISE = 180.0, 90.0, 8.0


def image_of(
    lesion: np.ndarray, *, blur_mm: float = 1.5, seed: int = 1, lesion_level: float = LESION
) -> np.ndarray:
    """Blurred like a scanner, then noisy."""
    sharp = np.where(lesion, lesion_level, LIVER)
    blurred = ndimage.gaussian_filter(sharp, [blur_mm / s for s in GRID.spacing_kji_mm], mode="nearest")
    return blurred + np.random.default_rng(seed).normal(0.0, NOISE, GRID.shape_kji)


def empty() -> np.ndarray:
    return np.zeros(GRID.shape_kji, np.int32)


@pytest.mark.parametrize("lesion_level", [90.0, 300.0])
@pytest.mark.parametrize("radius_mm", [4.0, 7.0, 10.0])
def test_a_ball_grows_to_its_true_size(radius_mm: float, lesion_level: float) -> None:
    truth = ball((1.0, -2.0, 0.5), radius_mm)
    image = image_of(truth, blur_mm=1.0, lesion_level=lesion_level)
    clicked = index_of((1.0 + 0.4 * radius_mm, -2.0, 0.5))
    found = grown(empty(), image, GRID, clicked, label=4, radius_mm=18.0)
    labels = empty()
    found.change.apply(labels)
    assert (labels == 4).sum() == pytest.approx(truth.sum(), rel=0.1)
    assert 2 * (truth & (labels == 4)).sum() / (truth.sum() + (labels == 4).sum()) > (
        0.94 if radius_mm > 5 else 0.88
    )
    assert not found.reached_radius
    assert found.levels.tissue == pytest.approx(LIVER, abs=3.0)


def test_a_vessel_that_hangs_on_a_lesion_is_left_out() -> None:
    lesion = ball((0.0, 0.0, 0.0), 8.0)
    points = GRID.to_patient(np.moveaxis(np.indices(GRID.shape_kji), 0, -1)) - GRID.to_patient(
        (np.asarray(GRID.shape_kji) - 1) / 2
    )
    vessel = (np.hypot(points[..., 1], points[..., 2]) < 1.5) & (points[..., 0] > 0)
    image = image_of(lesion | vessel, blur_mm=0.3)
    found = grown(empty(), image, GRID, index_of((0.0, 0.0, 0.0)), label=1, radius_mm=16.0)
    labels = empty()
    found.change.apply(labels)
    assert (labels > 0).sum() == pytest.approx(lesion.sum(), rel=0.08)
    assert not labels[vessel & ~ball((0.0, 0.0, 0.0), 11.0)].any()


def test_a_radius_bounds_what_grows_and_that_is_said() -> None:
    image = image_of(ball((0.0, 0.0, 0.0), 11.0))
    clicked = index_of((0.0, 0.0, 0.0))
    found = grown(empty(), image, GRID, clicked, label=1, radius_mm=7.0)
    labels = empty()
    found.change.apply(labels)
    apart = (np.argwhere(labels) - clicked) * GRID.spacing_kji_mm
    assert found.reached_radius
    assert np.linalg.norm(apart, axis=1).max() <= 7.0


def test_other_regions_and_tissue_outside_the_liver_stay() -> None:
    lesion = ball((0.0, 0.0, 0.0), 8.0)
    labels, liver = empty(), np.ones(GRID.shape_kji, bool)
    labels[ball((6.0, 0.0, 0.0), 4.0)] = 2
    liver[:, :, : int(index_of((0.0, 0.0, 0.0))[2]) - 4] = False
    before = labels.copy()
    change = grown(
        labels, image_of(lesion), GRID, index_of((-1.0, 0.0, 0.0)), label=1, radius_mm=15.0, within=liver
    ).change
    assert set(change.old.tolist()) == {0}
    change.apply(labels)
    assert ((labels == 2) == (before == 2)).all()
    assert not labels[~liver].any()
    assert (labels == 1).sum() > 0.4 * lesion.sum()


def test_a_hole_in_what_grows_is_filled() -> None:
    lesion = ball((0.0, 0.0, 0.0), 8.0)
    scar = ball((3.0, 0.0, 0.0), 1.8)
    image = image_of(lesion, blur_mm=0.3)
    image[scar] = LIVER
    labels = empty()
    grown(labels, image, GRID, index_of((-3.0, 0.0, 0.0)), label=1, radius_mm=15.0).change.apply(labels)
    assert labels[scar].all()


def test_a_click_into_plain_liver_is_refused() -> None:
    image = image_of(np.zeros(GRID.shape_kji, bool))
    with pytest.raises(UsageError) as error:
        grown(empty(), image, GRID, index_of((0.0, 0.0, 0.0)), label=1, radius_mm=10.0)
    assert error.value.code == "NO_CONTRAST"


def test_a_click_on_another_region_is_refused() -> None:
    labels, lesion = empty(), ball((0.0, 0.0, 0.0), 6.0)
    labels[lesion] = 2
    with pytest.raises(UsageError) as error:
        grown(labels, image_of(lesion), GRID, index_of((0.0, 0.0, 0.0)), label=1, radius_mm=12.0)
    assert error.value.code == "BAD_EDIT"


def test_the_edge_lies_halfway() -> None:
    image = image_of(ball((0.0, 0.0, 0.0), 7.0))
    levels = levels_at(empty(), image, GRID, index_of((0.0, 0.0, 0.0)), radius_mm=14.0)
    assert levels.edge == pytest.approx((LIVER + LESION) / 2, abs=5.0)
    assert levels.like_lesion([100.0, 134.0, 150.0]).tolist() == [True, levels.edge > 134.0, False]


def test_a_threshold_brush_paints_only_values_in_its_range() -> None:
    rng = np.random.default_rng(4)
    image, liver = rng.uniform(0.0, 100.0, GRID.shape_kji), rng.random(GRID.shape_kji) > 0.2
    labels = np.where(rng.random(GRID.shape_kji) < 0.1, 3, 0).astype(np.int32)
    before, stroke = labels.copy(), [(10, 20, 30), (11, 22, 30), (12, 24, 31)]
    change = threshold_brushed(
        labels, image, GRID, stroke, radius_mm=6.0, low=20.0, high=55.0, label=5, within=liver
    )
    change.apply(labels)
    offsets = [(np.moveaxis(np.indices(labels.shape), 0, -1) - c) * GRID.spacing_kji_mm for c in stroke]
    near = np.any([np.linalg.norm(o, axis=-1) <= 6.0 for o in offsets], axis=0)
    expected = near & (image >= 20.0) & (image <= 55.0) & liver & (before == 0)
    assert ((labels == 5) == expected).all()
    assert (labels[before == 3] == 3).all()
