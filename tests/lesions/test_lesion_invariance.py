"""The order and direction in which voxels are stored is no property of the patient."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from strategies import ellipsoid, oblique_grid

from netlm_imaging.anatomy import Anatomy
from netlm_imaging.geometry import Grid
from netlm_imaging.lesions import combine, label_components, match, measure, prepare
from netlm_imaging.volume import LabelMap, Mask

GRID = oblique_grid((30, 34, 38), (2.1, 1.7, 2.6))
CENTER = GRID.to_patient((14.5, 16.5, 18.5))
LIVER = ellipsoid(GRID, CENTER, (30, 26, 33))


def ball(offset: tuple[float, float, float], radius: float) -> np.ndarray:
    return ellipsoid(GRID, CENTER + np.asarray(offset), (radius,) * 3)


LESIONS = np.zeros(GRID.shape_kji, np.uint8)
LESIONS[ball((8, 3, -4), 7)] = 1
LESIONS[ball((-14, 5, 6), 5)] = 2
LESIONS[ball((26, 0, 3), 6)] = 7
VESSELS = ball((-2, -9, 12), 4)
SEGMENTS = (1 + np.indices(GRID.shape_kji).sum(axis=0) * 8 // sum(GRID.shape_kji)).astype(np.uint8)


def turned(array: np.ndarray, order: tuple[int, ...], flip: tuple[bool, ...]) -> tuple[np.ndarray, Grid]:
    """The same voxels of the same patient, stored with other axes."""
    step = tuple(slice(None, None, -1) if f else slice(None) for f in flip)
    start = [GRID.shape_kji[axis] - 1 if f else 0 for axis, f in zip(range(3), flip, strict=True)]
    affine = GRID.affine_lps.copy()
    affine[:3, 3] = GRID.to_patient(start)
    columns = [affine[:3, 2 - axis] * (-1 if flip[axis] else 1) for axis in range(3)]
    affine[:3, :3] = np.stack([columns[axis] for axis in reversed(order)], axis=1)
    new = array[step].transpose(order)
    return new, Grid.from_affine_lps(affine, new.shape)


def anatomy(order: tuple[int, ...], flip: tuple[bool, ...]) -> Anatomy:
    liver, grid = turned(LIVER & ~ball((8, 3, -4), 7), order, flip)
    parts = {name: turned(a, order, flip)[0] for name, a in (("l", LESIONS), ("v", VESSELS), ("s", SEGMENTS))}
    prepared, _ = prepare(
        liver=Mask(liver, grid),
        lesions=LabelMap(parts["l"], grid),
        vessels=Mask(parts["v"], grid),
        segments=LabelMap(parts["s"], grid),
    )
    return prepared


TURNS = [
    (order, flip)
    for order in itertools.permutations(range(3))
    for flip in ((True, False, False), (False, True, True), (False, False, False))
]


@pytest.mark.parametrize(("order", "flip"), TURNS)
def test_the_lesion_table_is_the_same(order: tuple[int, ...], flip: tuple[bool, ...]) -> None:
    reference = measure(anatomy((0, 1, 2), (False, False, False)))
    assert [lesion.id for lesion in reference] == [1, 2, 7]
    for mine, theirs in zip(measure(anatomy(order, flip)), reference, strict=True):
        assert (mine.id, mine.side, mine.segments) == (theirs.id, theirs.side, theirs.segments)
        for name in ("volume_ml", "longest_diameter_mm", "capsule_distance_mm", "vessel_distance_mm"):
            assert getattr(mine, name) == pytest.approx(getattr(theirs, name), rel=1e-5), name
        assert mine.centroid_lps_mm == pytest.approx(theirs.centroid_lps_mm, abs=1e-6)


@pytest.mark.parametrize(("order", "flip"), TURNS)
def test_matching_and_components_are_the_same(order: tuple[int, ...], flip: tuple[bool, ...]) -> None:
    def pairs(order: tuple[int, ...], flip: tuple[bool, ...]) -> tuple[object, ...]:
        mr, grid = turned(LESIONS, order, flip)
        pet, _ = turned(np.roll(LESIONS, 4, axis=2), order, flip)
        matching = match(LabelMap(mr, grid), LabelMap(pet, grid), aligned=True)
        components = label_components(Mask(mr > 0, grid))
        merged, _ = combine([LabelMap(mr, grid), LabelMap(pet, grid)])
        sizes = [np.bincount(m.array.ravel()).tolist() for m in (components, merged, matching.labels)]
        return matching.pairs, matching.seen_on, sizes

    assert pairs(order, flip) == pairs((0, 1, 2), (False, False, False))
