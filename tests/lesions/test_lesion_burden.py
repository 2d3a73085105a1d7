from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import oblique_grid

from netlm_imaging.anatomy import SEGMENT_NAMES, Anatomy
from netlm_imaging.lesions import burden_class, liver_volumes, measure, pattern
from netlm_imaging.lesions.burden import frilling
from netlm_imaging.lesions.measures import lesion_side
from netlm_imaging.lesions.records import SegmentShare
from netlm_imaging.volume import LabelMap, Mask

GRID = oblique_grid((6, 8, 10), (4.0, 5.0, 6.0))
"""480 voxels of 0.12 mL."""


def anatomy(lesions: dict[int, tuple[int, int]], segments: dict[str, tuple[int, int]] | None) -> Anatomy:
    """Liver in the first 400 voxels of the flattened grid; lesions and segments as runs of voxels."""
    liver, marked, named = (np.zeros(GRID.size, np.uint8) for _ in range(3))
    liver[:400] = 1
    for label, (start, stop) in lesions.items():
        marked[start:stop] = label
    for name, (start, stop) in (segments or {}).items():
        named[start:stop] = SEGMENT_NAMES.index(name) + 1
    shape = GRID.shape_kji
    cysts = np.zeros(GRID.size, bool)
    cysts[390:400] = True
    return Anatomy(
        liver=Mask(liver.reshape(shape) > 0, GRID),
        lesions=LabelMap(marked.reshape(shape), GRID),
        segments=None if segments is None else LabelMap(named.reshape(shape), GRID),
        cysts=Mask(cysts.reshape(shape), GRID),
    )


def test_volumes_by_hand() -> None:
    of = anatomy({1: (0, 40), 2: (100, 110)}, {"II": (0, 150), "VIII": (150, 400)})
    volumes = liver_volumes(of, method="given")
    assert volumes.total_ml == pytest.approx(48.0)
    assert volumes.tumor_ml == pytest.approx(6.0)
    assert volumes.functional_ml == pytest.approx(48.0 - 6.0 - 1.2)
    assert volumes.burden_percent == pytest.approx(12.5)
    assert (volumes.burden_class, volumes.method) == ("11-25", "given")
    assert {s.segment: pytest.approx(s.volume_ml) for s in volumes.segments} == {
        name: {"II": 18.0, "VIII": 30.0}.get(name, 0.0) for name in SEGMENT_NAMES
    }
    assert liver_volumes(anatomy({}, None), method="given").segments == ()


@pytest.mark.parametrize(
    ("percent", "expected"),
    [
        (0, "<=10"),
        (10, "<=10"),
        (10.01, "11-25"),
        (25, "11-25"),
        (25.01, "26-50"),
        (50, "26-50"),
        (50.01, ">50"),
    ],
)
def test_burden_classes_have_no_gaps(percent: float, expected: str) -> None:
    assert burden_class(percent) == expected


def shares(**percent: float) -> tuple[SegmentShare, ...]:
    return tuple(SegmentShare(segment=name, percent=value) for name, value in percent.items())


@pytest.mark.parametrize(
    ("of", "volume_ml", "side"),
    [
        (shares(V=60, VIII=40), 10, "right"),
        (shares(II=100), 10, "left"),
        (shares(IV=94.9, V=5.1), 1, "both"),
        (shares(IV=95.1, V=4.9), 1, "left"),
        (shares(IV=98, V=2), 60, "both"),  # 2 % of it, but 1.2 mL
        (shares(IV=96, V=2.5, VIII=1.5), 20, "left"),
        (shares(IV=95, V=2.5, VIII=2.5), 1, "both"),  # together 5 %
        (shares(I=100), 10, None),
        (shares(I=90, VI=10), 5, "right"),
        ((), 10, None),
    ],
)
def test_sides(of: tuple[SegmentShare, ...], volume_ml: float, side: str | None) -> None:
    assert lesion_side(of, volume_ml) == side


def test_pattern_of_a_bilobar_case() -> None:
    of = anatomy({4: (100, 130), 9: (145, 156), 2: (300, 305)}, {"II": (0, 150), "VIII": (150, 400)})
    table = measure(of)
    assert {lesion.id: lesion.side for lesion in table} == {2: "right", 4: "left", 9: "both"}
    (first, second) = next(lesion for lesion in table if lesion.id == 9).segments
    assert (first.segment, second.segment) == ("VIII", "II")
    assert first.percent == pytest.approx(100 * 6 / 11)
    found = pattern(table, of)
    assert (found.count, found.bilobar, found.segments_involved) == (3, True, ("II", "VIII"))
    assert found.frilling == "II"


@pytest.mark.parametrize(
    ("segments", "bilobar"), [(None, None), ({"II": (0, 400)}, False), ({"I": (0, 400)}, False)]
)
def test_pattern_without_two_sides(segments: dict[str, tuple[int, int]] | None, bilobar: bool | None) -> None:
    of = anatomy({1: (0, 4), 2: (90, 94)}, segments)
    found = pattern(measure(of), of)
    assert found.bilobar is bilobar
    assert found.frilling is None


def test_no_disease_has_no_pattern() -> None:
    of = anatomy({}, {"II": (0, 400)})
    found = pattern(measure(of), of)
    assert (found.count, found.bilobar, found.segments_involved, found.frilling) == (0, False, (), None)


@pytest.mark.parametrize(
    ("volumes", "bilobar", "expected"),
    [
        ([5.0], None, "I"),
        ([5.0], True, "I"),
        ([50.0, 25.0, 25.0], True, "II"),
        ([50.0, 10.0, 40.0], True, "III"),
        ([49.0, 24.0, 27.0], True, "III"),
        ([85.6, 78.6], True, None),
        ([85.6, 1.0], True, "II"),
        ([50.0, 1.0], False, None),
        ([50.0, 1.0], None, None),
        ([], None, None),
    ],
)
def test_frilling(volumes: list[float], bilobar: bool | None, expected: str | None) -> None:
    assert frilling(volumes, bilobar=bilobar) == expected


@given(st.floats(0, 100), st.floats(0, 100))
def test_more_tumor_is_never_a_lower_class(one: float, other: float) -> None:
    classes = ["<=10", "11-25", "26-50", ">50"]
    low, high = sorted((one, other))
    assert classes.index(burden_class(low)) <= classes.index(burden_class(high))
