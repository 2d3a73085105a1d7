"""Skin, bone and gas from images of known anatomy."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from strategies import ellipsoid, oblique_grid

from netlm_imaging.align import body_mask, surroundings
from netlm_imaging.errors import InputError
from netlm_imaging.geometry import Grid
from netlm_imaging.volume import BoolArray, Mask, Volume

GRID = oblique_grid((40, 74, 90), (4.0, 4.4, 5.0), euler_degrees=(4.0, -3.0, 8.0))
CENTER = GRID.corners_lps_mm().mean(axis=0)


def shape(
    offset: tuple[float, float, float], half: tuple[float, float, float], grid: Grid = GRID
) -> BoolArray:
    return ellipsoid(grid, CENTER + offset, half)


BODY = shape((0, 0, 0), (135.0, 105.0, 900.0))
INNER = shape((0, 0, 0), (110.0, 80.0, 900.0))
LIVER = shape((-50, -10, 0), (45.0, 50.0, 40.0))
LUNG = shape((40, 0, 60), (35.0, 40.0, 45.0))
RIB = shape((-85, -40, 0), (8.0, 8.0, 60.0)) & ~LIVER
TABLE = shape((0, 112, 0), (100.0, 8.0, 900.0))


def tissue(ct: bool) -> Volume:
    """CT: HU. MRI: fat, between the outer and inner ellipses, is suppressed to a little above noise."""
    rng = np.random.default_rng(4)
    values = {"air": -1000, "fat": -90, "soft": 50, "lung": -820, "bone": 500, "calcified": 400}
    if not ct:
        values = {"air": 0, "fat": 60, "soft": 300, "lung": 4, "bone": 60, "calcified": 40}
    image = np.full(GRID.shape_kji, float(values["air"]))
    image[BODY], image[INNER] = values["fat"], values["soft"]
    image[LUNG], image[RIB] = values["lung"], values["bone"]
    image[shape((-50, -10, 0), (9.0, 9.0, 9.0))] = values["calcified"]
    if ct:
        image[TABLE & ~BODY] = -200.0
        return Volume((image + rng.normal(0, 15, image.shape)).astype(np.float32), GRID)
    real, imaginary = rng.normal(0, 12, (2, *image.shape))
    return Volume(np.hypot(image + real, imaginary).astype(np.float32), GRID)


def dice(found: Mask, truth: BoolArray) -> float:
    return float(2 * (found.array & truth).sum() / (found.voxels + truth.sum()))


def test_ct_shows_skin_bone_and_gas() -> None:
    found = surroundings(tissue(ct=True), ct=True, liver=Mask(LIVER, GRID))
    assert found is not None
    assert found.bone is not None
    assert found.gas is not None
    assert found.dark is None
    assert dice(found.body, BODY) > 0.97
    assert dice(found.bone, RIB) > 0.97
    assert not (found.bone.array & LIVER).any()  # a calcified lesion is no bone
    assert dice(found.gas, LUNG) > 0.97


def test_mri_shows_skin_below_suppressed_fat_and_no_bone() -> None:
    image = tissue(ct=False)
    found = surroundings(image, ct=False, liver=Mask(LIVER, GRID))
    assert found is not None
    assert found.dark is not None
    assert (found.bone, found.gas) == (None, None)
    # What is bright enough for other uses is not the skin.
    assert dice(found.body, BODY) > max(0.97, dice(body_mask(image), BODY) + 0.02)
    assert dice(found.dark, LUNG) > 0.85
    assert not (found.dark.array & LIVER).any()


def test_too_little_air_shows_no_skin() -> None:
    """The picture ends inside the body."""
    box = Mask(shape((0, 0, 0), (95.0, 70.0, 60.0)), GRID).bounding_box()
    image = tissue(ct=False).crop(box)
    assert surroundings(image, ct=False, liver=Mask(LIVER, GRID).crop(box)) is None


def test_a_given_body_is_filled_and_wins() -> None:
    given = Mask(BODY & ~LUNG, GRID)
    for image in (None, tissue(ct=True)):
        found = surroundings(image, ct=True, liver=Mask(LIVER, GRID), body=given)
        assert found is not None
        assert (found.body.array == BODY).mean() > 0.999
        assert (found.gas is None) == (image is None)


@pytest.mark.parametrize("order", [(2, 1, 0), (1, 0, 2), (1, 2, 0)])
def test_the_array_order_does_not_matter(order: tuple[int, int, int]) -> None:
    affine = GRID.affine_lps[:, [2 - order[2], 2 - order[1], 2 - order[0], 3]]
    grid = Grid.from_affine_lps(affine, [GRID.shape_kji[a] for a in order])
    image = tissue(ct=True)
    plain = surroundings(image, ct=True, liver=Mask(LIVER, GRID))
    turned = surroundings(
        Volume(image.array.transpose(order), grid), ct=True, liver=Mask(LIVER.transpose(order), grid)
    )
    assert plain is not None
    assert turned is not None
    assert (turned.body.array == plain.body.array.transpose(order)).all()
    assert (turned.gas.array == plain.gas.array.transpose(order)).all()  # type: ignore[union-attr]


@pytest.mark.parametrize("wrong", [LIVER, BODY & ~INNER, shape((60, 0, 0), (60.0, 80.0, 300.0))])
def test_a_body_that_cannot_be_one_is_refused(wrong: BoolArray) -> None:
    with pytest.raises(InputError, match="BODY_WITHOUT_LIVER in body mask"):
        surroundings(None, ct=False, liver=Mask(LIVER, GRID), body=Mask(wrong, GRID))


def test_without_image_and_body_nothing_is_known() -> None:
    assert surroundings(None, ct=False, liver=Mask(LIVER, GRID)) is None
    empty = replace(tissue(ct=True), array=np.full(GRID.shape_kji, -1000.0))
    assert surroundings(empty, ct=True, liver=Mask(LIVER, GRID)) is None
