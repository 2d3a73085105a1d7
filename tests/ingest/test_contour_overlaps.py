"""Contours drawn twice or across each other: joined, or refused; holes, islands and neighbors stay."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from ingest.mask_builder import contour, rtstruct
from ingest.test_rtstruct import AXES, CENTER, codes, volume_ml

from netlm_imaging.errors import InputError
from netlm_imaging.geometry import FloatArray
from netlm_imaging.ingest import MaskFile, contour_overlaps, read_mask
from netlm_imaging.ingest.contour_overlaps import without_repeats

HEIGHTS = (0.0, 3.0, 6.0)
Corners = Sequence[tuple[float, float]]


def box(left: float, low: float, width: float, height: float) -> Corners:
    return [(left, low), (left + width, low), (left + width, low + height), (left, low + height)]


def ellipse(x: float, y: float, a: float, b: float) -> Corners:
    angle = np.linspace(0, 2 * np.pi, 90, endpoint=False)
    return list(zip((x + a * np.cos(angle)).tolist(), (y + b * np.sin(angle)).tolist(), strict=True))


def drawn(points: Corners, height: float) -> FloatArray:
    return CENTER + np.array([(x, y, height) for x, y in points]) @ AXES.T


def read(folder: Path, *outlines: Corners, heights: Sequence[float] = HEIGHTS) -> MaskFile:
    contours = [contour(drawn(points, h)) for points in outlines for h in heights]
    return read_mask(str(rtstruct(folder / "a.dcm", {"Lesion": contours})))


def refused(folder: Path, *outlines: Corners) -> str:
    with pytest.raises(InputError) as caught:
        read(folder, *outlines)
    (fault,) = caught.value.faults
    assert fault.code == "CONTOURS_OVERLAP"
    assert fault.remedy
    return fault.found


BOX = box(5, 3, 12, 9)
BOX_ML = 12 * 9 * 9 / 1000
AGAIN: dict[str, Corners] = {
    "the same": BOX,
    "a corner 0.001 mm off": [(5.001, 3), *BOX[1:]],
    "all corners 0.04 mm off": [(x + 0.04, y - 0.03) for x, y in BOX],
    "from another corner": [*BOX[2:], *BOX[:2]],
    "from another corner, off": [(x - 0.02, y + 0.03) for x, y in (*BOX[3:], *BOX[:3])],
    "the other way": BOX[::-1],
    "the other way from another corner": [*BOX[1::-1], *BOX[:1:-1]],
    "with its first corner at the end": [*BOX, BOX[0]],
}


@pytest.mark.parametrize("again", AGAIN.values(), ids=AGAIN)
def test_a_contour_drawn_twice_counts_once(again: Corners, tmp_path: Path) -> None:
    found = read(tmp_path, BOX, again)
    assert volume_ml(found) == pytest.approx(BOX_ML, rel=0.01)
    assert codes(found) == ["CONTOUR_REPEATED", "CONTOURS_FILLED"]
    assert "3 contours" in found.notices[0].message


def test_the_same_corners_in_another_order_are_another_contour() -> None:
    """As are the same on another plane, and one corner elsewhere."""
    crossed = [BOX[0], BOX[2], BOX[1], BOX[3]]
    others = [drawn(crossed, 0), drawn(BOX, 0.12), drawn([*BOX[:3], (5.12, 12)], 0)]
    assert len(without_repeats([drawn(BOX, 0), *others])) == 4


CROSSING: dict[str, Sequence[Corners]] = {
    "shifted by half": [BOX, box(11, 3, 12, 9)],
    "shifted by 0.2 mm": [BOX, box(5.2, 3, 12, 9)],
    "0.1 mm inside": [BOX, box(5.1, 3.1, 11.8, 8.8)],
    "one corner more": [BOX, [*BOX[:1], (9, 3), *BOX[1:]]],
    "neighbors that overlap a little": [BOX, box(16.7, 3, 12, 9)],
    "a bar across": [BOX, box(0, 6, 30, 2)],
    "a hole that reaches out": [BOX, box(14, 5, 6, 5)],
    "shifted round ones": [ellipse(0, 0, 9, 7), ellipse(5, 1, 9, 7)],
    "drawn twice in a hole": [box(0, 0, 60, 50), box(3, 1, 40, 40), BOX, box(5.1, 3.1, 11.8, 8.8)],
}


@pytest.mark.parametrize("outlines", CROSSING.values(), ids=CROSSING)
def test_contours_that_even_odd_would_cut_out_of_each_other(
    outlines: Sequence[Corners], tmp_path: Path
) -> None:
    refused(tmp_path, *outlines)
    refused(tmp_path, *outlines[::-1])


def test_one_plane_of_many_is_enough(tmp_path: Path) -> None:
    """A lesion beside, whole, does not outweigh it."""
    contours = [contour(drawn(BOX, 3.0 * n)) for n in range(20)]
    contours += [contour(drawn(box(40, 0, 30, 30), 3.0 * n)) for n in range(20)]
    contours.append(contour(drawn(box(5.2, 3.1, 12, 9), 9)))
    with pytest.raises(InputError) as caught:
        read_mask(str(rtstruct(tmp_path / "a.dcm", {"Lesion": contours})))
    assert caught.value.code == "CONTOURS_OVERLAP"


def area(*signed: tuple[int, Corners]) -> float:
    return sum(sign * abs(_shoelace(np.array(points))) for sign, points in signed)


def _shoelace(points: npt.NDArray[np.float64]) -> float:
    x, y = points.T
    return float(x @ np.roll(y, -1) - y @ np.roll(x, -1)) / 2


FRAME, HOLE, ISLAND = box(-20, -15, 60, 50), ellipse(9, 8, 20, 15), ellipse(10, 7, 5, 4)
FINE: dict[str, Sequence[tuple[int, Corners]]] = {
    "a hole around the middle": [(1, FRAME), (-1, HOLE)],
    "an island in a hole": [(1, FRAME), (-1, HOLE), (1, ISLAND)],
    "two in a hole": [(1, FRAME), (-1, HOLE), (1, ISLAND), (1, box(-2, 2, 5, 6))],
    "side by side": [(1, BOX), (1, box(17, 3, 12, 9))],
    "overlapping by less than drawn": [(1, BOX), (1, box(16.98, 3, 12, 9))],
    "a hole at the edge": [(1, FRAME), (-1, box(-20, 0, 10, 7))],
    "a thick wall": [(1, ellipse(0, 0, 30, 30)), (-1, ellipse(0, 0, 28, 28))],
    "in a bay": [(1, [(0, 0), (30, 0), (30, 6), (6, 6), (6, 20), (0, 20)]), (1, box(10, 8, 14, 10))],
    "little left at every depth": [(1, box(0, 0, 20, 20)), (-1, box(1, 1, 17, 17)), (1, box(2, 2, 11, 11))],
    "a stray thread into the other": [
        (1, box(-20, 3, 36, 9)),
        (1, [(20, 0), (30, 0), (30, 20), (10, 20), (10, 8), (10.02, 8), (10.02, 19.98), (20, 19.98)]),
    ],
}


@pytest.mark.parametrize("shapes", FINE.values(), ids=FINE)
def test_holes_islands_and_neighbors(shapes: Sequence[tuple[int, Corners]], tmp_path: Path) -> None:
    found = read(tmp_path, *(points for _, points in shapes))
    assert volume_ml(found) == pytest.approx(area(*shapes) * 9 / 1000, rel=0.01)
    assert codes(found) == ["CONTOURS_FILLED"]
    # In the plane's own axes too, where lines run along the sides.
    flat = [(0, np.array(points, dtype=np.float64)) for _, points in shapes]
    assert contour_overlaps.overlap_fault(1, flat) is None


def test_all_that_is_wrong_with_an_roi_is_said_at_once(tmp_path: Path) -> None:
    contours = [contour(drawn(points, h)) for points in (BOX, box(11, 3, 12, 9)) for h in (0.0, 30.0, 60.0)]
    with pytest.raises(InputError) as caught:
        read_mask(str(rtstruct(tmp_path / "a.dcm", {"Lesion": contours})))
    assert caught.value.codes == ("NO_THICKNESS", "CONTOURS_OVERLAP")


def test_many_islands_and_holes_are_fast(tmp_path: Path) -> None:
    """2500 islands a plane, and 400 holes in one contour of 3000 points."""
    islands = [box(2.0 * (n % 50), 2.0 * (n // 50), 1, 1) for n in range(2500)]
    angle = np.linspace(0, 2 * np.pi, 3000, endpoint=False)
    body = [(300 + 99 * float(np.cos(a)), 99 * float(np.sin(a))) for a in angle]
    holes = [box(250 + 5.0 * (n % 20), 5.0 * (n // 20) - 50, 3, 3) for n in range(400)]
    start = time.perf_counter()
    found = [drawn(points, h) for points in (*islands, body, *holes) for h in HEIGHTS]
    assert len(without_repeats(found)) == len(found)
    flat = [(n % 3, np.array(points)) for points in (*islands, body, *holes) for n in range(3)]
    assert contour_overlaps.overlap_fault(1, flat) is None
    assert time.perf_counter() - start < 5


def test_copies_are_counted_before_they_are_compared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(contour_overlaps, "MOST_ALIKE", 5)
    with pytest.raises(InputError) as caught:
        read(tmp_path, BOX, BOX, BOX)
    assert caught.value.code == "CONTOURS_TOO_COMPLEX"
