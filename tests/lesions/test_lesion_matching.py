from __future__ import annotations

import itertools

import numpy as np
import pytest
from strategies import ellipsoid, oblique_grid

from netlm_imaging.errors import GridMismatch
from netlm_imaging.lesions import match
from netlm_imaging.volume import LabelMap

GRID = oblique_grid((40, 42, 46), (2.3, 1.9, 2.7))
ORIGIN = GRID.to_patient((20, 21, 23))

Ball = tuple[int, tuple[float, float, float], float]


def lesions(*balls: Ball) -> LabelMap:
    array = np.zeros(GRID.shape_kji, np.uint16)
    for label, offset, radius in balls:
        array[ellipsoid(GRID, ORIGIN + np.asarray(offset), (radius,) * 3)] = label
    return LabelMap(array, GRID)


def test_lesions_that_overlap_match_and_keep_the_mr_contour() -> None:
    mr, pet = lesions((3, (0, 0, 0), 7)), lesions((1, (4, 0, 0), 10))
    matching = match(mr, pet, aligned=True)
    assert matching.pairs == ((3, 1),)
    assert matching.seen_on == {3: ("mr", "pet")}
    assert np.array_equal(matching.labels.array, mr.array)
    assert np.array_equal(matching.uptake_regions.array > 0, (mr.array > 0) | (pet.array > 0))
    assert not matching.approximate
    assert matching.notices == ()


def test_large_masks_that_touch_match_although_their_centroids_are_far_apart() -> None:
    array = np.zeros(GRID.shape_kji, np.uint8)
    mr, pet = array.copy(), array.copy()
    mr[10:12, 5, 5:25], pet[12, 6, 25:44] = 1, 1
    assert match(LabelMap(mr, GRID), LabelMap(pet, GRID), aligned=True).pairs == ((1, 1),)
    pet = np.roll(pet, 1, axis=2)
    matching = match(LabelMap(mr, GRID), LabelMap(pet, GRID), aligned=True)
    assert matching.pairs == (), "one voxel further they no longer touch"


@pytest.mark.parametrize(
    ("apart_mm", "aligned", "found"),
    [(9.0, True, True), (11.5, True, False), (24.0, False, True), (26.5, False, False)],
)
def test_small_lesions_match_by_distance(apart_mm: float, aligned: bool, found: bool) -> None:
    mr, pet = lesions((1, (0, 0, 0), 2.5)), lesions((5, (apart_mm, 0, 0), 2.5))
    matching = match(mr, pet, aligned=aligned)
    assert bool(matching.pairs) is found
    assert matching.seen_on == ({1: ("mr", "pet")} if found else {1: ("mr",), 2: ("pet",)})


def test_without_alignment_the_matching_is_approximate_and_said() -> None:
    matching = match(lesions((1, (0, 0, 0), 4)), lesions((1, (12, 0, 0), 4)), aligned=False)
    assert matching.approximate
    assert [notice.code for notice in matching.notices] == ["APPROXIMATE_MATCHING"]
    assert "25 mm" in matching.notices[0].message


def test_a_lesion_seen_on_pet_alone_is_added_under_a_new_id() -> None:
    mr = lesions((2, (-20, 0, 0), 6), (9, (0, 0, 0), 5))
    pet = lesions((1, (0, 0, 0), 5), (2, (30, 0, 0), 6), (3, (0, 30, 0), 4))
    matching = match(mr, pet, aligned=True)
    assert matching.seen_on == {2: ("mr",), 9: ("mr", "pet"), 10: ("pet",), 11: ("pet",)}
    assert np.array_equal(matching.labels.array == 10, pet.array == 2)
    assert np.array_equal(matching.labels.array == 11, pet.array == 3)


def test_one_blurred_pet_lesion_covers_several_mr_lesions() -> None:
    mr = lesions((1, (-8, 0, 0), 5), (2, (8, 0, 0), 5))
    pet = lesions((1, (0, 0, 0), 14))
    matching = match(mr, pet, aligned=True)
    assert matching.pairs == ((1, 1), (2, 1))
    assert np.array_equal(matching.uptake_regions.array, mr.array), "a shared PET contour is nobody's own"


def test_by_distance_the_pairs_are_one_to_one_and_as_many_as_possible() -> None:
    """Greedy by distance would pair MR 1 with PET 1 (7 mm) and leave MR 2 and PET 2 alone."""
    mr = lesions((1, (0, 0, 0), 1.9), (2, (0, 15.5, 0), 1.9))
    pet = lesions((1, (0, 7, 0), 1.9), (2, (0, -8.5, 0), 1.9))
    assert match(mr, pet, aligned=True).pairs == ((1, 2), (2, 1))


def test_two_pet_lesions_never_share_one_mr_lesion_by_distance() -> None:
    matching = match(lesions((1, (0, 0, 0), 2)), lesions((1, (7, 0, 0), 2), (2, (0, -8, 0), 2)), aligned=True)
    assert len(matching.pairs) == 1
    assert sorted(matching.seen_on) == [1, 2]


def test_pairing_is_optimal_against_brute_force() -> None:
    rng = np.random.default_rng(5)
    for _ in range(20):
        spots = rng.permutation(np.argwhere(np.ones(GRID.shape_kji, bool)))[:8]
        maps = []
        for chosen in (spots[:4], spots[4:]):
            array = np.zeros(GRID.shape_kji, np.uint8)
            array[tuple(chosen.T)] = range(1, 5)
            maps.append(LabelMap(array, GRID))
        a, b = GRID.to_patient(spots[:4]), GRID.to_patient(spots[4:])
        apart = np.linalg.norm(a[:, None] - b[None], axis=-1)
        limit = 25.0
        best = max(
            (
                sum(apart[n, m] <= limit for n, m in enumerate(order)),
                -sum(apart[n, m] for n, m in enumerate(order) if apart[n, m] <= limit),
            )
            for order in itertools.permutations(range(4))
        )
        pairs = match(*maps, aligned=False).pairs
        assert (len(pairs), -sum(apart[m - 1, p - 1] for m, p in pairs)) == pytest.approx(best)


def test_empty_sides_and_foreign_grids() -> None:
    empty, some = lesions(), lesions((4, (0, 0, 0), 5))
    assert match(some, empty, aligned=True).seen_on == {4: ("mr",)}
    assert match(empty, some, aligned=True).seen_on == {1: ("pet",)}
    assert match(empty, empty, aligned=True).seen_on == {}
    other = LabelMap(np.zeros(GRID.shape_kji, np.uint8), oblique_grid(GRID.shape_kji))
    with pytest.raises(GridMismatch):
        match(some, other, aligned=True)
