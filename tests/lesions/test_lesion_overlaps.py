import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import oblique_grid

from netlm_imaging.errors import GridMismatch, InputError
from netlm_imaging.lesions import combine
from netlm_imaging.volume import LabelMap

GRID = oblique_grid((4, 5, 6))


def part(**runs: tuple[int, int]) -> LabelMap:
    """Label n on voxels start..stop of the flattened grid, as ``_n=(start, stop)``."""
    flat = np.zeros(GRID.size, np.uint16)
    for name, (start, stop) in runs.items():
        flat[start:stop] = int(name[1:])
    return LabelMap(flat.reshape(GRID.shape_kji), GRID)


def sizes(labels: LabelMap) -> dict[int, int]:
    return {label: labels.mask(label).voxels for label in labels.labels}


def test_ids_are_kept_and_taken_ones_get_the_next_free_number() -> None:
    combined, notices = combine(
        [part(_1=(0, 5), _4=(5, 7)), part(_1=(20, 23), _9=(30, 31)), part(_4=(50, 54))]
    )
    assert sizes(combined) == {1: 5, 4: 2, 10: 3, 9: 1, 11: 4}
    assert notices == ()


def test_a_shared_voxel_goes_to_the_smaller_lesion() -> None:
    combined, (notice,) = combine([part(_1=(0, 20)), part(_2=(15, 22))])
    assert sizes(combined) == {1: 15, 2: 7}
    assert notice.code == "LESIONS_OVERLAP"
    assert f"{5 * GRID.voxel_ml:.2f} mL" in notice.message


def test_a_small_lesion_inside_a_large_one_stays_a_lesion() -> None:
    for order in (1, -1):
        combined, _ = combine([part(_1=(0, 20)), part(_2=(8, 11))][::order])
        assert sizes(combined) == {1: 17, 2: 3}


def test_a_copy_is_left_out_and_said() -> None:
    combined, (notice,) = combine([part(_3=(0, 20)), part(_8=(0, 20))])
    assert sizes(combined) == {3: 20}
    assert "copies of another lesion: 8." in notice.message


def test_a_second_contour_of_one_lesion_is_said() -> None:
    _, (notice,) = combine([part(_3=(0, 20)), part(_8=(1, 20))])
    assert "given twice: 3." in notice.message


def test_no_parts_and_foreign_grids_are_refused() -> None:
    with pytest.raises(InputError, match="NO_LESION_MAPS"):
        combine([])
    other = oblique_grid((4, 5, 6), (1.0, 1.3, 2.1))
    with pytest.raises(GridMismatch):
        combine([part(_1=(0, 3)), LabelMap(np.zeros(GRID.shape_kji, np.uint8), other)])


@given(
    st.lists(st.tuples(st.integers(1, 3), st.integers(0, 119), st.integers(1, 40)), min_size=1, max_size=5)
)
def test_no_tumor_voxel_is_lost_or_counted_twice(runs: list[tuple[int, int, int]]) -> None:
    parts = [part(**{f"_{label}": (start, start + length)}) for label, start, length in runs]
    combined, notices = combine(parts)
    union = np.any([p.array > 0 for p in parts], axis=0)
    assert np.array_equal(combined.array > 0, union)
    claimed = sum(np.count_nonzero(p.array) for p in parts)
    assert bool(notices) == (claimed > union.sum())
