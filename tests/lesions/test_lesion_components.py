import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import ndimage
from strategies import oblique_grid

from netlm_imaging.lesions import label_components
from netlm_imaging.lesions.regions import enclosed, regions
from netlm_imaging.volume import LabelMap, Mask

GRID = oblique_grid((5, 6, 7))
masks = hnp.arrays(bool, GRID.shape_kji, elements=st.booleans())


def test_voxels_that_touch_at_a_corner_are_one_lesion() -> None:
    array = np.zeros(GRID.shape_kji, bool)
    array[1, 1, 1] = array[2, 2, 2] = array[4, 5, 6] = True
    labels = label_components(Mask(array, GRID)).array
    assert labels[1, 1, 1] == labels[2, 2, 2] == 1
    assert labels[4, 5, 6] == 2


def test_the_largest_component_comes_first_whatever_its_place() -> None:
    array = np.zeros(GRID.shape_kji, bool)
    array[0, 0, 0] = True
    array[2, 2, 2:4] = True
    array[4, 3:6, 5] = True
    labels = label_components(Mask(array, GRID)).array
    assert (labels[4, 3, 5], labels[2, 2, 2], labels[0, 0, 0]) == (1, 2, 3)


@given(masks)
def test_components_agree_with_scipy_and_are_ordered(array: np.ndarray) -> None:
    labels = label_components(Mask(array, GRID))
    theirs, count = ndimage.label(array, np.ones((3, 3, 3)))
    assert labels.labels == tuple(range(1, count + 1))
    sizes = np.bincount(labels.array.ravel(), minlength=count + 1)[1:]
    assert (np.diff(sizes) <= 0).all()
    pairs = set(zip(labels.array.ravel().tolist(), theirs.ravel().tolist(), strict=True))
    assert len(pairs) == len({a for a, _ in pairs}) == len({b for _, b in pairs})


@given(masks)
def test_holes_are_those_that_scipy_fills(array: np.ndarray) -> None:
    assert np.array_equal(enclosed(array), ndimage.binary_fill_holes(array) & ~array)


def test_regions_of_huge_and_sparse_labels() -> None:
    array = np.zeros(GRID.shape_kji, np.int64)
    array[3, 4, 5], array[0, 1, 2:5] = 2_000_000_000, 7
    found = {region.label: region.indices_kji().tolist() for region in regions(LabelMap(array, GRID))}
    assert found == {7: [[0, 1, 2], [0, 1, 3], [0, 1, 4]], 2_000_000_000: [[3, 4, 5]]}
