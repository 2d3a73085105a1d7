import numpy as np
import pytest
from strategies import oblique_grid

from netlm_imaging.errors import GridMismatch
from netlm_imaging.lesions import uptake
from netlm_imaging.lesions.pet_uptake import krenning_like
from netlm_imaging.volume import LabelMap, Volume

GRID = oblique_grid((3, 4, 5))


@pytest.mark.parametrize(
    ("suv_max", "score", "borderline"),
    [
        (0.5, 0, False),
        (0.9, 0, True),
        (2.0, 1, False),
        (3.3, 1, True),  # border at 0.7 x 5 = 3.5
        (3.5, 2, True),
        (5.0, 2, False),
        (7.4, 2, True),  # border at max(5 + 2 x 1, 1.5 x 5) = 7.5
        (7.6, 3, True),
        (10.0, 3, False),
        (15.9, 3, True),  # border at the spleen, 16
        (16.1, 4, True),
        (30.0, 4, False),
    ],
)
def test_scores_by_hand(suv_max: float, score: int, borderline: bool) -> None:
    assert krenning_like(suv_max, liver_mean=5.0, liver_sd=1.0, spleen_mean=16.0) == (score, borderline)


def test_a_noisy_liver_moves_the_border_between_2_and_3() -> None:
    assert krenning_like(8.5, liver_mean=5.0, liver_sd=2.0, spleen_mean=16.0)[0] == 2
    assert krenning_like(9.1, liver_mean=5.0, liver_sd=2.0, spleen_mean=16.0)[0] == 3


def test_without_spleen_and_kidney_3_and_4_cannot_be_told_apart() -> None:
    assert krenning_like(30.0, liver_mean=5.0, liver_sd=1.0, spleen_mean=None) == (3, True)


def test_uptake_is_read_inside_each_lesion() -> None:
    suv = np.full(GRID.shape_kji, 5.0, np.float32)
    labels = np.zeros(GRID.shape_kji, np.uint8)
    labels[1, 1:3, 2], labels[2, 3, 4] = 3, 8
    suv[1, 1, 2], suv[1, 2, 2], suv[2, 3, 4], suv[0, 0, 0] = 20.0, 12.0, 2.0, 99.0
    found = uptake(Volume(suv, GRID), LabelMap(labels, GRID), liver_mean=5.0, liver_sd=1.0, spleen_mean=16.0)
    assert set(found) == {3, 8}
    assert (found[3].suv_max, found[3].suv_mean, found[3].krenning) == (20.0, 16.0, 4)
    assert (found[3].liver_ratio, found[3].spleen_ratio) == (4.0, 1.25)
    assert (found[8].suv_max, found[8].krenning, found[8].borderline) == (2.0, 1, False)


def test_the_kidney_stands_in_for_an_absent_spleen() -> None:
    suv = Volume(np.full(GRID.shape_kji, 15.0), GRID)
    labels = LabelMap(np.ones(GRID.shape_kji, np.uint8), GRID)
    found = uptake(suv, labels, liver_mean=5.0, liver_sd=1.0, kidney_mean=12.0)[1]
    assert (found.krenning, found.spleen_ratio) == (4, 1.25)
    alone = uptake(suv, labels, liver_mean=5.0, liver_sd=1.0)[1]
    assert (alone.krenning, alone.spleen_ratio) == (3, None)


def test_pet_on_another_grid_is_refused() -> None:
    with pytest.raises(GridMismatch):
        uptake(
            Volume(np.zeros((3, 4, 5)), oblique_grid((3, 4, 5), (1, 1, 1))),
            LabelMap(np.zeros(GRID.shape_kji, np.uint8), GRID),
            liver_mean=5.0,
            liver_sd=1.0,
        )
