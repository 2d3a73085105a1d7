from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from netlm_sample_data.shapes import Carved, Chain, Ellipsoid, Grown, LobulatedBall, Shape, Tube, inside

UNIT = (0.6, -0.48, 0.64)
LOBULATED = LobulatedBall((3, -7, 11), 9.0, ((UNIT, 2, 0.08), ((0, 0, 1), 3, -0.06), ((0, 1, 0), 4, 0.05)))
TURNED = Ellipsoid(
    (4, -9, 13),
    (5, 11, 17),
    tuple(Rotation.from_euler("xyz", (20, -35, 50), degrees=True).as_matrix().ravel()),
)


def counted_ml(shape: Shape, step: float = 0.4) -> float:
    """Volume by counting lattice points."""
    low, high = shape.bounds
    ticks = [np.arange(a - step, b + step, step) for a, b in zip(low, high, strict=True)]
    points = np.stack([axis.ravel() for axis in np.meshgrid(*ticks, indexing="ij")]).astype(np.float32)
    return inside(shape, points).size * step**3 / 1000


def test_a_lobulated_ball_has_the_volume_that_its_shape_says() -> None:
    assert LOBULATED.volume_ml == pytest.approx(counted_ml(LOBULATED), rel=3e-3)


def test_a_plain_ball_has_the_volume_and_diameter_of_a_sphere() -> None:
    ball = LobulatedBall((1, 2, 3), 10.0)
    assert ball.volume_ml == pytest.approx(4 / 3 * np.pi, rel=1e-9)
    assert ball.longest_diameter_mm == pytest.approx(20, rel=0.005)


def test_a_turned_ellipsoid_keeps_its_volume() -> None:
    assert counted_ml(TURNED) == pytest.approx(4 / 3 * np.pi * 5 * 11 * 17 / 1000, rel=5e-3)


@pytest.mark.parametrize(
    "shape",
    [
        LOBULATED,
        TURNED,
        Tube((1, 2, 3), (14, -5, 9), 3.0, 1.5),
        Chain.through(((0, 0, 0), 4), ((9, 3, 20), 2)),
    ],
)
def test_nothing_lies_outside_the_box(shape: Shape) -> None:
    low, high = shape.bounds
    rng = np.random.default_rng(3)
    around = (high - low)[:, None] * rng.uniform(-0.4, 1.4, (3, 20_000)) + low[:, None]
    points = around.astype(np.float32)
    hit = points[:, shape.distance(points) < 0]
    assert hit.shape[1] > 100
    assert ((hit >= low[:, None]) & (hit <= high[:, None])).all()


@given(st.floats(-30, 30), st.floats(-30, 30), st.floats(-30, 30))
def test_the_distance_to_a_tube_is_exact(x: float, y: float, z: float) -> None:
    start, end = np.array([1.0, 2.0, 3.0]), np.array([14.0, -5.0, 9.0])
    points = np.array([[x], [y], [z]], np.float32)
    along = np.linspace(0, 1, 20_001)[:, None] * (end - start) + start
    brute = np.linalg.norm(along - points[:, 0], axis=1).min() - 2.0
    assert Tube((1, 2, 3), (14, -5, 9), 2.0, 2.0).distance(points)[0] == pytest.approx(brute, abs=2e-3)


def test_carving_takes_away_and_growing_adds() -> None:
    ball, bite = LobulatedBall((0, 0, 0), 10.0), LobulatedBall((10, 0, 0), 6.0)
    carved = Carved((ball,), ((bite, 0.0),), blend=1.0)
    points = np.array([[-5, 0, 0], [9, 0, 0], [10.5, 0, 0]], np.float32).T
    assert (carved.distance(points) < 0).tolist() == [True, False, False]
    assert (Grown(ball, 1.0).distance(points) < 0).tolist() == [True, True, True]
