from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from plan.plan_examples import flr_limit, planned
from plan.test_plan_case import random_anatomy
from plan.uncertainty_examples import ball_liver, case_of, drawn, only
from scipy import stats

from netlm_imaging.plan import Planned, draw, prepare
from netlm_imaging.plan.boundary import all_shells
from netlm_imaging.plan.workspace import workspace
from netlm_imaging.settings import UncertaintySettings

NOTHING = only(draws=40)


@cache
def six_lesions() -> Planned:
    return planned(random_anatomy(4, lesions=6, coarse=1.3))


@pytest.mark.parametrize("seed", range(5))
def test_with_nothing_off_every_draw_is_the_plan(seed: int) -> None:
    anatomy = random_anatomy(seed, lesions=5, coarse=1.3)
    functional_ml = anatomy.functional.volume_ml
    limit = flr_limit(0.8 * functional_ml, functional_ml=functional_ml)
    result = planned(anatomy, limits=(limit,))
    for plan in (result.plan, *result.alternatives):
        draws = drawn(result.case, result.choices[plan.objective].chosen, NOTHING)
        assert set(draws.debulking_percent.tolist()) == {plan.debulking_percent}
        by_volume = draws.debulking_percent_by_volume
        assert by_volume == pytest.approx(plan.debulking_percent_by_volume, abs=1e-4)
        assert draws.remnant.flr_percent == pytest.approx(plan.flr_percent, abs=1e-9)
        assert draws.remnant.flr_ml == pytest.approx(plan.flr_ml, abs=1e-9)
        assert set(draws.remnant.minimums_met.tolist()) == {plan.flr_percent >= limit.minimum - 1e-6}
        assert set(draws.complete.tolist()) == {not plan.residual}
        assert set(draws.count.tolist()) == {len(anatomy.lesions.labels)}
        assert draws.drivers == ()


@pytest.mark.parametrize("spacing", [(1.0, 1.0, 1.0), (1.4, 1.4, 2.6), (0.8, 0.9, 4.0)])
@pytest.mark.parametrize("radius", [6.0, 12.0])
def test_a_ball_whose_surface_moves_has_the_volume_of_the_other_ball(spacing, radius: float) -> None:
    anatomy = ball_liver([((3.1, -2.2, 1.7), radius)], radius_mm=26.0, spacing_mm=spacing).cropped()
    shells = all_shells(workspace(anatomy, major_vessel_mm=6.0), reach_mm=3.5)[1]
    volume = shells.volume_voxels * anatomy.grid.voxel_ml * 1000.0
    drawn_at = int(np.flatnonzero(shells.edges_mm == 0.0)[0])
    assert shells.volume_voxels[drawn_at] == np.count_nonzero(anatomy.lesions.array)
    equal = np.cbrt(0.75 * volume[drawn_at] / np.pi)
    # In mm of the surface, so that the tolerance means the same for every ball.
    likely = np.abs(shells.edges_mm) <= 2.5
    moved = np.cbrt(0.75 * volume / np.pi) - equal
    assert moved[likely] == pytest.approx(shells.edges_mm[likely], abs=0.3)
    assert (np.diff(volume) > 0).all()


def test_a_lesion_neither_grows_out_of_the_liver_nor_into_its_neighbor() -> None:
    anatomy = ball_liver([((0.0, 0.0, 26.0), 8.0), ((0.0, 0.0, 8.0), 8.0)], radius_mm=30.0).cropped()
    shells = all_shells(workspace(anatomy, major_vessel_mm=6.0), reach_mm=3.0)
    grown = {n: np.union1d(s.core, s.band[s.inside[-1] > 0]) for n, s in shells.items()}
    assert not np.intersect1d(grown[1], grown[2]).size
    for n, other in ((1, 2), (2, 1)):
        flat = anatomy.lesions.array.ravel()
        assert anatomy.liver.array.ravel()[grown[n]].all()
        assert not (flat[grown[n]] == other).any()
    # At the capsule the lesion does not shrink either.
    outer = np.argwhere(anatomy.lesions.array == 1)
    top = anatomy.grid.to_patient(outer) @ np.array([0.0, 0.0, 1.0])
    highest = int(np.ravel_multi_index(outer[top.argmax()], anatomy.grid.shape_kji))
    assert highest in shells[1].core


def test_a_zone_out_of_size_covers_as_often_as_the_formula_says() -> None:
    case, chosen = case_of(ball_liver([((2.3, -3.1, 1.2), 12.0)]), kinds=["ablation"])
    (zone,) = case.problem.candidates[chosen[0]].zones
    draws = drawn(case, chosen, only(zone_mwa_sd_percent=25.0, draws=10_000))
    # The smallest factor of the zone, at its place, that still holds 99.5 % of the lesion's voxels.
    lesion = np.argwhere(case.anatomy.lesions.array == 1)
    place = (lesion * case.space.spacing - zone.placement.center_mm) @ zone.placement.to_unit.T
    needed = np.quantile(np.linalg.norm(place, axis=1), 0.995, method="inverted_cdf")
    assert draws.complete.mean() == pytest.approx(stats.norm.sf((needed - 1.0) / 0.25), abs=0.02)


@pytest.mark.parametrize("vessels", [False, True])
def test_zone_place_and_contour_together_equal_explicit_geometry(vessels: bool) -> None:
    radius = 10.5
    anatomy = ball_liver([((4.0, 2.0, -3.0), radius)], vessels=vessels)
    case, chosen = case_of(anatomy, kinds=["ablation"])
    (zone,) = case.problem.candidates[chosen[0]].zones
    settings = UncertaintySettings(missed_small_percent=0.0, missed_large_percent=0.0, draws=10_000)
    draws = drawn(case, chosen, settings)
    # Two balls: one lies in the other, but for a cap, when the middles are close enough. The cap that
    # may stick out holds 0.5 % of the lesion.
    rng = np.random.default_rng(3)
    size = 40_000
    equal = np.cbrt(0.75 * 1000.0 * case.problem.total_voxels * anatomy.grid.voxel_ml / np.pi)
    lesion = equal + np.hypot(0.55, 0.55) * rng.standard_normal(size)
    ablated = 20.0 * (1.0 + 0.17 * rng.standard_normal(size))
    middle = np.argwhere(case.anatomy.lesions.array == 1).mean(axis=0) * case.space.spacing
    apart = zone.placement.center_mm - middle + 3.0 * rng.standard_normal((size, 3))
    outside = _outside_share(lesion, ablated, np.linalg.norm(apart, axis=1))
    expected = (outside <= 0.005).mean()
    assert 0.3 < expected < 0.98
    assert draws.complete.mean() == pytest.approx(expected, abs=0.03)
    left = 100.0 - 100.0 * (outside * lesion**3).sum() / (lesion**3).sum()
    assert draws.debulking_percent_by_volume.mean() == pytest.approx(left, abs=0.8)


def _outside_share(lesion, zone, apart):
    """Part of a ball ``lesion`` that lies outside of a ball ``zone`` whose middle is ``apart``."""
    lens = (
        np.pi
        * (zone + lesion - apart) ** 2
        * (apart**2 + 2 * apart * (lesion + zone) - 3 * (lesion - zone) ** 2)
        / np.maximum(12.0 * apart, 1e-9)
    )
    both = np.where(apart <= np.abs(zone - lesion), 4 / 3 * np.pi * np.minimum(zone, lesion) ** 3, lens)
    both = np.where(apart >= zone + lesion, 0.0, both)
    return 1.0 - both / (4 / 3 * np.pi * lesion**3)


def test_resections_hold_up_to_their_margin() -> None:
    anatomy = ball_liver([((20.0, 10.0, 0.0), 7.0)], spacing_mm=(1.2, 1.2, 3.0))
    rates = {}
    for kind in ("wedge", "enucleation"):
        case, chosen = case_of(anatomy, kinds=[kind])
        draws = drawn(case, chosen, only(boundary_common_sd_mm=1.0, draws=10_000))
        rates[kind] = draws.complete.mean()
    assert rates["wedge"] == 1.0
    # Not enough once the lesion is 2 mm larger and the shell beyond holds 0.5 % of it.
    assert rates["enucleation"] == pytest.approx(stats.norm.cdf(2.02), abs=0.008)


def test_the_remnant_loses_what_the_zone_gains() -> None:
    case, chosen = case_of(ball_liver([((0.0, 0.0, 0.0), 6.0)]), kinds=["ablation"])
    draws = drawn(case, chosen, only(zone_mwa_sd_percent=8.0, draws=4000))
    voxel_ml = case.space.grid.voxel_ml
    expected = 4 / 3 * np.pi * 20.0**3 / 1000.0
    lost = case.problem.functional_voxels * voxel_ml - draws.remnant.flr_ml
    assert lost.mean() + case.problem.total_voxels * voxel_ml == pytest.approx(
        expected * (1 + 3 * 0.08**2), rel=0.02
    )
    assert lost.std() == pytest.approx(expected * 3 * 0.08, rel=0.06)


def test_an_error_of_the_liver_volume_leaves_flr_percent_alone() -> None:
    anatomy = ball_liver([((0.0, 0.0, 0.0), 6.0)])
    case, chosen = case_of(anatomy, kinds=["ablation"])
    draws = drawn(case, chosen, only(draws=5000), liver_sd_percent=3.0)
    assert draws.remnant.flr_percent == pytest.approx(draws.remnant.flr_percent[0])
    assert draws.remnant.flr_ml.std() / draws.remnant.flr_ml.mean() == pytest.approx(0.03, rel=0.05)


def test_more_may_be_off_and_the_interval_is_no_narrower() -> None:
    result = six_lesions()
    chosen = result.choices["sparing"].chosen
    for name, values in {
        "boundary_lesion_sd_mm": (0.2, 0.6, 1.5),
        "placement_sd_mm": (1.0, 4.0, 8.0),
        "missed_large_percent": (1.0, 10.0, 40.0),
    }.items():
        spread = [drawn(result.case, chosen, only(**{name: v})).debulking_percent_by_volume for v in values]
        widths = [np.ptp(np.quantile(s, [0.05, 0.95])) for s in spread]
        assert widths[0] <= widths[1] <= widths[2], name
        assert widths[2] > widths[0], name


def test_missed_lesions_are_as_many_and_as_large_as_said() -> None:
    balls = [((x, 0.0, 0.0), r) for x, r in ((-30.0, 4.0), (-15.0, 4.5), (0.0, 7.0), (22.0, 12.0))]
    case, _ = case_of(ball_liver(balls), kinds=[])
    draws = drawn(case, [], only(missed_small_percent=20.0, missed_large_percent=10.0, draws=20_000))
    assert draws.count.mean() == pytest.approx(4 + 2 * 0.2 / 0.8 + 2 * 0.1 / 0.9, abs=0.02)
    assert not draws.complete.any()
    assert set(draws.debulking_percent.tolist()) == {0.0}
    never = only(missed_large_percent=10.0, missed_never_from_mm=10.0, draws=500)
    assert set(drawn(case, [], never).count.tolist()) == {4}


def test_a_missed_lesion_is_treated_where_the_plan_holds_all_of_it() -> None:
    case, chosen = case_of(ball_liver([((0.0, 0.0, 0.0), 7.0)]), kinds=["ablation"])
    draws = drawn(case, chosen, only(missed_large_percent=50.0, draws=16_000))
    one = draws.count == 2
    # Middles within 20 - 7 mm of the zone's middle, of all liver but the lesion.
    share = (13.0**3 - 7.0**3) / (44.0**3 - 7.0**3)
    assert draws.complete[one].mean() == pytest.approx(share, rel=0.25)


def test_the_same_input_gives_the_same_draws_and_another_seed_others() -> None:
    result = six_lesions()
    chosen = result.choices["sparing"].chosen
    first, second, other = (
        drawn(result.case, chosen, UncertaintySettings(seed=seed), liver_sd_percent=3.0) for seed in (5, 5, 6)
    )
    assert first.debulking_percent.tobytes() == second.debulking_percent.tobytes()
    assert first.debulking_percent_by_volume.tobytes() == second.debulking_percent_by_volume.tobytes()
    assert first.remnant.flr_ml.tobytes() == second.remnant.flr_ml.tobytes()
    assert first.drivers == second.drivers
    assert first.debulking_percent.tobytes() != other.debulking_percent.tobytes()


def test_a_plan_without_one_treatment_keeps_all_other_draws() -> None:
    balls = [((-18.0, 0.0, 0.0), 9.0), ((18.0, 4.0, 0.0), 8.0)]
    case, chosen = case_of(ball_liver(balls), kinds=["ablation"])
    settings = only(placement_sd_mm=3.0, zone_mwa_sd_percent=17.0)
    both, one = (drawn(case, c, settings) for c in (chosen, chosen[1:]))
    sizes = case.problem.lesion_voxels
    without = np.where(both.debulking_percent >= 100.0 * sizes[0] / sizes.sum() - 1e-6, 1, 0)
    cleared_second = np.isclose(both.debulking_percent % (100.0 * sizes[0] / sizes.sum()), 0.0) == 0
    assert without.any()
    assert (one.debulking_percent > 0).tolist() == (
        cleared_second | np.isclose(both.debulking_percent, 100.0)
    ).tolist()


def test_the_driver_is_the_lesion_whose_clearance_is_open() -> None:
    balls = [((-18.0, 0.0, 0.0), 11.0), ((20.0, 0.0, 0.0), 6.0)]
    case, _ = case_of(ball_liver(balls), kinds=["ablation", "wedge"])
    chosen = [
        next(n for n, c in enumerate(case.problem.candidates) if (c.lesions, c.kind) == wanted)
        for wanted in (((1,), "ablation"), ((2,), "wedge"))
    ]
    draws = drawn(case, chosen, UncertaintySettings())
    first = draws.drivers[0]
    assert (first.lesion, first.source) == (1, "ablation")
    assert first.share_percent > 80.0
    assert sum(d.share_percent for d in draws.drivers) == pytest.approx(100.0, abs=3.0)
    assert [d.share_percent for d in draws.drivers] == sorted(
        (d.share_percent for d in draws.drivers), reverse=True
    )


def test_two_open_lesions_share_the_variance_by_their_size_and_chance() -> None:
    balls = [((-18.0, 0.0, 0.0), 9.0), ((18.0, 4.0, 0.0), 11.0)]
    case, chosen = case_of(ball_liver(balls), kinds=["ablation"])
    draws = drawn(case, chosen, only(placement_sd_mm=4.0, zone_mwa_sd_percent=20.0, draws=10_000))
    sizes = case.problem.lesion_voxels.astype(float)
    single = [
        drawn(case, [c], only(placement_sd_mm=4.0, zone_mwa_sd_percent=20.0, draws=10_000)) for c in chosen
    ]
    chances = [(d.debulking_percent > 0).mean() for d in single]
    variances = [v**2 * p * (1 - p) for v, p in zip(sizes, chances, strict=True)]
    shares = {d.lesion: d.share_percent for d in draws.drivers if d.source == "ablation"}
    for lesion, variance in zip((1, 2), variances, strict=True):
        assert shares[lesion] == pytest.approx(100.0 * variance / sum(variances), abs=4.0)


def test_the_layout_of_the_array_changes_no_figure() -> None:
    anatomy = random_anatomy(11, lesions=4)
    grid = anatomy.grid

    def flipped(item):
        """The same points, slices in reverse order."""
        start = grid.to_patient([grid.shape_kji[0] - 1, 0, 0])
        axes = grid.axes * np.array([1.0, 1.0, -1.0])
        moved = type(grid)(
            shape_kji=grid.shape_kji,
            spacing_mm=grid.spacing_mm,
            origin_mm=tuple(start),
            direction=tuple(axes.ravel()),
        )
        return type(item)(item.array[::-1], moved)

    other = type(anatomy)(
        liver=flipped(anatomy.liver),
        lesions=flipped(anatomy.lesions),
        segments=flipped(anatomy.segments),
        vessels=flipped(anatomy.vessels),
    )
    mine, theirs = (
        drawn(r.case, r.choices["sparing"].chosen, UncertaintySettings(draws=400))
        for r in (planned(anatomy), planned(other))
    )
    assert mine.debulking_percent == pytest.approx(theirs.debulking_percent, abs=0.5)
    assert mine.remnant.flr_ml == pytest.approx(theirs.remnant.flr_ml, rel=1e-6)
    assert np.array_equal(mine.complete, theirs.complete)


def test_nothing_to_treat_is_no_spread() -> None:
    result = planned(random_anatomy(3, lesions=0))
    draws = draw(
        prepare(result.case, result.choices["sparing"].chosen, settings=UncertaintySettings(draws=10)),
        liver_sd_percent=3.0,
    )
    assert set(draws.debulking_percent.tolist()) == {0.0}
    assert set(draws.count.tolist()) == {0}
    assert draws.drivers == ()
