"""What a study found goes with the place of a lesion, whatever number it has now."""

from __future__ import annotations

import numpy as np
import pytest
from strategies import oblique_grid

from netlm_imaging.lesions.outlines import Outlines
from netlm_imaging.lesions.regions import regions_of
from netlm_imaging.volume import LabelMap

GRID = oblique_grid((6, 12, 20), (1.1, 0.9, 1.7), euler_degrees=(12.0, -7.0, 23.0))
SEEN = {1: ("mr",), 2: ("pet",), 7: ("mr", "pet")}


def found() -> np.ndarray:
    """Lesions 1, 2 and 7 side by side, of 4 x 4 x 4 voxels each."""
    labels = np.zeros(GRID.shape_kji, np.uint8)
    for n, lesion in enumerate(SEEN):
        labels[1:5, 2:6, 1 + 6 * n : 5 + 6 * n] = lesion
    return labels


def moved(labels: np.ndarray) -> None:
    labels[labels == 2] = 0
    labels[1:5, 8:12, 7:11] = 2


def split(labels: np.ndarray) -> None:
    labels[1:5, 2:6, 15:17] = 8


def merged(labels: np.ndarray) -> None:
    labels[labels == 2] = 1


def grown(labels: np.ndarray) -> None:
    labels[0:6, 0:12, 12:20] = 7  # nine times as large


def nibbled(labels: np.ndarray) -> None:
    labels[labels == 2] = 0
    labels[1:5, 2:6, 5:8] = 1  # and a quarter of what lesion 2 was


def drawn_anew(labels: np.ndarray) -> None:
    labels[labels == 7] = 0
    labels[1:5, 3:6, 13:17] = 9


@pytest.mark.parametrize(
    ("edit", "seen", "same"),
    [
        (lambda labels: None, SEEN, {1: 1, 2: 2, 7: 7}),
        (
            lambda labels: np.place(labels, labels == 7, 40),
            {1: ("mr",), 2: ("pet",), 40: ("mr", "pet")},
            {1: 1, 2: 2, 40: 7},
        ),
        (moved, {1: ("mr",), 2: (), 7: ("mr", "pet")}, {1: 1, 7: 7}),
        (split, {**SEEN, 8: ("mr", "pet")}, {1: 1, 2: 2}),
        (merged, {1: ("mr", "pet"), 7: ("mr", "pet")}, {7: 7}),
        (grown, SEEN, {1: 1, 2: 2}),
        (nibbled, {1: ("mr",), 7: ("mr", "pet")}, {7: 7}),
        (drawn_anew, {1: ("mr",), 2: ("pet",), 9: ("mr", "pet")}, {1: 1, 2: 2}),
    ],
)
def test_it_is_seen_where_the_study_found_it(edit, seen, same) -> None:
    labels = found()
    outlines = Outlines.of(LabelMap(labels.copy(), GRID))
    edit(labels)
    now = list(regions_of(labels))
    assert {region.label: outlines.seen_on(region, SEEN) for region in now} == seen
    assert {r.label: n for r in now if (n := outlines.same(r))} == same


def test_exchanged_numbers_are_exchanged() -> None:
    labels = found()
    outlines = Outlines.of(LabelMap(labels.copy(), GRID))
    swapped = np.choose(np.searchsorted([0, 1, 2, 7], labels), [0, 2, 1, 7])
    assert {r.label: outlines.origins(r) for r in regions_of(swapped)} == {1: (2,), 2: (1,), 7: (7,)}
