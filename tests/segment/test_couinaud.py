"""Couinaud segments by planes through landmarks, on oblique grids and beside real livers."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from strategies import ellipsoid, oblique_grid

from benchmarks.couinaud import dice, landmarks_of, real_segments
from benchmarks.implanted import digital_liver
from netlm_imaging.errors import InputError
from netlm_imaging.segment.couinaud import EITHER, LANDMARKS, couinaud_segments, missing_landmarks
from netlm_imaging.volume import LabelMap, Mask
from netlm_sample_data.patient import healthy_patient

POINTS = {
    "ivc": (-20.0, 45.0, 60.0),
    "gallbladder_fossa": (-45.0, -60.0, -20.0),
    "right_hepatic_vein": (-110.0, 20.0, 5.0),
    "portal_bifurcation": (-25.0, 10.0, 5.0),
    "right_portal_branch": (-60.0, 20.0, 2.0),
    "left_portal_branch": (15.0, -20.0, 20.0),
    "falciform_ligament": (25.0, -70.0, 15.0),
    "ligamentum_venosum": (20.0, 15.0, 30.0),
}
INSIDE = {
    1: (5.0, 40.0, 20.0),
    2: (50.0, -30.0, 40.0),
    3: (50.0, -30.0, 5.0),
    4: (-15.0, -40.0, 10.0),
    5: (-80.0, -20.0, -20.0),
    6: (-80.0, 60.0, -20.0),
    7: (-80.0, 60.0, 30.0),
    8: (-80.0, -20.0, 30.0),
}
"""A point well inside each segment, worked out by hand."""


@cache
def oblique() -> Mask:
    """As large as a liver, on an oblique grid whose axes run to the left, the feet and the back."""
    grid = oblique_grid((78, 52, 71), (3.0, 4.1, 2.9), euler_degrees=(95.0, -11.0, 8.0), origin_mm=(0, 0, 0))
    shift = np.array([-30.0, 0.0, 10.0]) - grid.corners_lps_mm().mean(axis=0)
    grid = replace(grid, origin_mm=tuple(shift.tolist()))
    return Mask(ellipsoid(grid, (-30.0, 0.0, 10.0), (105.0, 85.0, 75.0)), grid)


def healthy_scale(seed: int, liver_ml: float) -> float:
    return healthy_patient(liver_ml=liver_ml, seed=seed).couinaud.scale


@cache
def parted() -> LabelMap:
    return couinaud_segments(oblique(), POINTS)


@pytest.mark.parametrize(("segment", "point"), INSIDE.items())
def test_each_segment_lies_where_anatomy_has_it(segment: int, point: tuple[float, float, float]) -> None:
    liver, labels = oblique(), parted()
    assert labels.array[tuple(np.rint(liver.grid.to_index(point)).astype(int))] == segment
    assert np.array_equal(labels.array > 0, liver.array)


def test_the_order_of_axes_changes_nothing() -> None:
    liver = oblique()
    stored = parted().canonical().array
    assert np.array_equal(stored, couinaud_segments(liver.canonical(), POINTS).array)


def test_the_sectors_of_the_sample_patient_come_back() -> None:
    """Its planes are upright too; levels, and the ellipsoid that is its segment I, are by other rules."""
    anatomy, scale = digital_liver(3, liver_ml=1500.0, spacing_mm=(3.1, 2.7, 4.6)), healthy_scale(3, 1500.0)
    drawn = {
        "ivc": (-22, 22, 60),
        "middle_hepatic_vein": (-38, -52, 30),
        "right_hepatic_vein": (-140, -18, 0),
        "portal_bifurcation": (-25, 5, 6),
        "right_portal_branch": (-60, 0, 6),
        "left_portal_branch": (2.1111, -36, 20),
        "falciform_ligament": (15, -76, 20),
        "ligamentum_venosum": (5, 5, 20),
    }
    points = {name: tuple(scale * v for v in point) for name, point in drawn.items()}
    found, truth = couinaud_segments(anatomy.liver, points), anatomy.segments
    assert truth is not None
    sector = np.array([0, 0, 2, 2, 4, 5, 6, 6, 5])
    known = (found.array > 1) & (truth.array > 1)
    assert np.array_equal(sector[found.array][known], sector[truth.array][known])
    assert np.count_nonzero(known) > 0.85 * anatomy.liver.voxels
    level = np.mean(found.array[known] == truth.array[known])
    assert level > 0.85


@pytest.mark.real
def test_a_real_liver_is_parted_as_its_reader_did(real_data: Path) -> None:
    truth = real_segments(real_data, "ircad17")
    agreement = dice(couinaud_segments(truth.any, landmarks_of(truth)), truth)
    assert min(agreement[1:]) > 0.85
    assert agreement[0] > 0.4  # segment I has no planes of its own


def test_one_point_in_the_plane_of_cantlie_is_enough() -> None:
    both = {**POINTS, "middle_hepatic_vein": POINTS["gallbladder_fossa"]}
    vein_only = {n: p for n, p in both.items() if n != "gallbladder_fossa"}
    for points in (both, vein_only):
        assert np.array_equal(couinaud_segments(oblique(), points).array, parted().array)


def test_what_is_missing_is_named_all_at_once() -> None:
    some = {"ivc": POINTS["ivc"], "portal_bifurcation": POINTS["portal_bifurcation"]}
    with pytest.raises(InputError, match="Falciform ligament") as caught:
        couinaud_segments(oblique(), some)
    assert caught.value.codes == ("LANDMARKS_MISSING",)
    assert "Middle hepatic vein (or Gallbladder fossa)" in str(caught.value)
    assert len(missing_landmarks({})) == len(LANDMARKS) - 1
    assert not missing_landmarks(POINTS)
    assert not set(missing_landmarks(dict.fromkeys(EITHER, (0.0, 0.0, 0.0)))) & set(EITHER)


@pytest.mark.parametrize(
    ("name", "point", "said"),
    [
        ("ivc", (-20.0, 300.0, 60.0), "Inferior vena cava farther away"),
        ("ivc", (float("nan"), 0.0, 0.0), "Inferior vena cava farther away"),
        ("gallbladder_fossa", (-18.0, 42.0, -60.0), "nearer to each other"),
        ("falciform_ligament", (-90.0, -40.0, 0.0), "left of Cantlie"),
        ("right_hepatic_vein", (60.0, 0.0, 0.0), "right of Cantlie"),
        ("ligamentum_venosum", (-60.0, 0.0, 0.0), "behind portal bifurcation"),
    ],
)
def test_points_that_cannot_be_are_refused(name: str, point: tuple[float, float, float], said: str) -> None:
    with pytest.raises(InputError, match=said) as caught:
        couinaud_segments(oblique(), {**POINTS, name: point})
    assert set(caught.value.codes) == {"BAD_LANDMARKS"}


def test_right_and_left_exchanged_is_refused() -> None:
    mirrored = {name: (-60.0 - x, y, z) for name, (x, y, z) in POINTS.items()}
    with pytest.raises(InputError) as caught:
        couinaud_segments(oblique(), mirrored)
    assert len(caught.value.codes) >= 4


def test_an_empty_liver_is_refused() -> None:
    liver = oblique()
    with pytest.raises(InputError):
        couinaud_segments(Mask(np.zeros_like(liver.array), liver.grid), POINTS)
