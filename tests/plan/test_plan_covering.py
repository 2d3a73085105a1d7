import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.spatial import ConvexHull

from netlm_imaging.plan import zones
from netlm_imaging.plan.covering import extreme_points, smallest_ball


def solved_radius(points: np.ndarray) -> float:
    """The same by a general solver, as a convex program with linear constraints around the mean."""
    around = points - points.mean(axis=0)
    squares = (around**2).sum(axis=1)
    found = minimize(
        lambda v: v[3] + (v[:3] ** 2).sum(),
        [0.0, 0.0, 0.0, squares.max()],
        constraints={"type": "ineq", "fun": lambda v: v[3] - squares + 2.0 * around @ v[:3]},
        method="SLSQP",
        options={"ftol": 1e-12, "maxiter": 500},
    )
    return float(np.sqrt(found.fun))


@pytest.mark.parametrize("seed", range(20))
def test_smallest_ball_is_the_optimum_of_a_general_solver(seed: int) -> None:
    rng = np.random.default_rng(seed)
    points = rng.normal(size=(int(rng.integers(2, 60)), 3)) * [3.0, 7.0, 1.0] + [40.0, -5.0, 9.0]
    center, radius = smallest_ball(points)
    assert np.linalg.norm(points - center, axis=1).max() == pytest.approx(radius)
    assert radius == pytest.approx(solved_radius(points), rel=1e-5)


def test_ball_of_a_tetrahedron_and_of_one_point() -> None:
    corners = np.array([[1, 1, 1], [1, -1, -1], [-1, 1, -1], [-1, -1, 1]], dtype=float)
    center, radius = smallest_ball(np.vstack([corners, [[0.2, 0.1, 0.0]]]))
    assert center == pytest.approx([0, 0, 0], abs=1e-9)
    assert radius == pytest.approx(np.sqrt(3))
    assert smallest_ball(corners[:1])[1] == 0.0


def test_extreme_points_of_a_flat_set_are_kept() -> None:
    flat = np.array([[0, 0, 0], [0, 4, 0], [0, 0, 6], [0, 1, 1], [0, 2, 5]], dtype=float)
    assert smallest_ball(extreme_points(flat))[1] == pytest.approx(smallest_ball(flat)[1])


def test_the_search_for_the_smallest_ball_ends_where_rounding_stops_the_growth() -> None:
    """Points of a real margin: five lie on one sphere to within rounding, and the radius stood still."""
    points = np.array(
        [
            [4.762266943007709, 1.5899080974049868, -3.8150331598287432],
            [4.747695027589799, 1.5910543228685856, -4.20676055011805],
            [4.781039914637804, 1.8692780238576234, -3.814914039329158],
            [4.782712806761265, 1.9253157556429503, -3.870851270984857],
            [5.710121997445823, 1.8069085968099534, -3.9617355203186144],
        ]
    )
    center, radius = smallest_ball(points)
    assert np.linalg.norm(points - center, axis=1).max() <= radius
    assert radius == pytest.approx(solved_radius(points), rel=1e-5)


def test_extreme_points_are_those_of_the_hull_whatever_the_order() -> None:
    index = np.argwhere(np.random.default_rng(4).random((7, 8, 9)) < 0.6)
    points = index * np.array([2.0, 0.7, 1.1])
    expected = {tuple(p) for p in points[ConvexHull(points).vertices]}
    for order in (np.arange(len(points)), np.random.default_rng(5).permutation(len(points))):
        assert {tuple(p) for p in extreme_points(points[order])} == expected


@pytest.mark.parametrize("near_whole", [zones.NEAR_WHOLE, -1.0])
def test_counts_by_convolution_are_exact_in_either_precision(near_whole, monkeypatch) -> None:
    monkeypatch.setattr(zones, "NEAR_WHOLE", near_whole)
    rng = np.random.default_rng(6)
    wanted, kernel = rng.random((31, 26, 29)) < 0.7, rng.random((11, 6, 9)) < 0.5
    counts = zones._convolved(wanted, kernel)
    for k, j, i in np.argwhere(np.ones((21, 21, 21)))[::97]:
        held = wanted[k : k + 11, j : j + 6, i : i + 9] & kernel[::-1, ::-1, ::-1]
        assert counts[k + 10, j + 5, i + 8] == held.sum()
