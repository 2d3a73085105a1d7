from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from plan.plan_examples import anatomy_of, bare_case, flr_limit, planned, settings_with
from strategies import ellipsoid, oblique_grid

from netlm_imaging.anatomy import Anatomy
from netlm_imaging.clinical import Clinical
from netlm_imaging.lesions import measure
from netlm_imaging.plan import Planned, simulate
from netlm_imaging.plan.collect import collect
from netlm_imaging.plan.limits import Limits
from netlm_imaging.plan.losses import joint_losses
from netlm_imaging.plan.optimize import Request, optimize
from netlm_imaging.plan.problem import make_problem
from netlm_imaging.plan.records import Plan
from netlm_imaging.plan.workspace import workspace
from netlm_imaging.settings import Settings


def random_anatomy(seed: int, *, lesions: int = 3, coarse: float = 1.0) -> Anatomy:
    """A small lumpy liver with segments, a vessel and lesions anywhere in it."""
    rng = np.random.default_rng(seed)
    spacing = tuple(coarse * rng.uniform(2.4, 3.6, size=3))
    shape = tuple(round(n / coarse) for n in (22, 26, 30))
    grid = oblique_grid(shape, spacing, euler_degrees=tuple(rng.uniform(-40, 40, size=3)))
    middle = grid.to_patient((np.array(grid.shape_kji) - 1) / 2.0)
    liver = ellipsoid(grid, middle, rng.uniform(24, 34, size=3))
    liver |= ellipsoid(grid, middle + rng.uniform(-12, 12, size=3), rng.uniform(18, 26, size=3))
    points = grid.to_patient(np.moveaxis(np.indices(grid.shape_kji), 0, -1)) - middle
    segments = 1 + (points[..., 0] > 0) + 2 * (points[..., 1] > 0) + 4 * (points[..., 2] > 0)
    vessels = np.linalg.norm(np.cross(points - rng.uniform(-8, 8, size=3), [0.6, 0.0, 0.8]), axis=-1) <= 4.0
    inside = grid.to_patient(np.argwhere(liver))
    picked = inside[rng.choice(len(inside), lesions, replace=False)]
    balls = [(tuple(c), float(r)) for c, r in zip(picked, rng.uniform(3.5, 13, lesions), strict=True)]
    return anatomy_of(grid, liver, balls, segments=segments, vessels=vessels & liver)


def plans(result: Planned) -> tuple[Plan, ...]:
    return (result.plan, *result.alternatives)


def half_of_the_liver(anatomy: Anatomy, fraction: float = 0.5):
    functional_ml = anatomy.functional.volume_ml
    return (flr_limit(fraction * functional_ml, functional_ml=functional_ml),)


@pytest.mark.parametrize("seed", range(100))
def test_the_optimum_equals_the_simulation_to_the_voxel(seed: int) -> None:
    anatomy = random_anatomy(seed, coarse=1.6).cropped()
    space = workspace(anatomy, major_vessel_mm=6.0)
    budget = space.functional.sum() // (2 + seed % 5)
    small_zones = settings_with(ablation={"devices": ["rfa-1-probe", "amica-60w-10min-patients"]})
    settings = small_zones if seed % 2 else Settings()
    candidates, *_ = collect(space, measure(anatomy), settings=settings)
    problem = make_problem(space, candidates, cleared_fraction=0.995)
    limits = Limits(budget_voxels=int(budget), interventions=20, segments=2)
    request = Request(limits=limits, threshold_percent=70.0, symptomatic=(), relative_gap=0.0)
    choice = optimize(problem, "sparing", request, seconds=60)
    case = bare_case(anatomy, space, problem)
    truth = case.simulate(choice.chosen)
    joint = joint_losses(space, candidates, choice.chosen)
    whole = make_problem(space, candidates, cleared_fraction=0.995, joint=joint)
    assert choice.status == "optimal"
    assert problem.lost_voxels(choice.chosen) <= budget
    assert truth.lost_voxels == whole.lost_voxels(choice.chosen)
    assert sum(o.voxels for o in truth.lesions if o.cleared) == choice.bound_voxels
    treated = problem.treated_voxels(choice.chosen).tolist()
    assert [o.treated_voxels for o in truth.lesions] == treated


@pytest.mark.parametrize("seed", range(4))
def test_the_plan_says_what_its_voxels_say(seed: int) -> None:
    anatomy = random_anatomy(seed)
    result = planned(anatomy, limits=half_of_the_liver(anatomy))
    plan = result.plan
    truth = simulate(anatomy, [result.treated.array], cleared_fraction=0.995)
    assert plan.status == "optimal"
    assert (plan.debulking_percent, plan.debulking_percent_by_volume, plan.cleared) == (
        truth.debulking_percent,
        truth.debulking_percent_by_volume,
        truth.cleared,
    )
    assert plan.bound_percent == pytest.approx(plan.debulking_percent, abs=1e-9)
    assert plan.flr_ml == pytest.approx(truth.flr_ml, abs=1e-9)
    assert plan.flr_ml == pytest.approx(result.remnant.volume_ml, abs=1e-9)
    assert plan.parenchyma_lost_ml + plan.flr_ml == pytest.approx(anatomy.functional.volume_ml)
    assert not (result.treated.array & ~anatomy.liver.array).any()
    assert plan.minimums[0].value >= plan.minimums[0].minimum
    assert plan.parenchyma_lost_ml <= sum(t.parenchyma_ml for t in plan.treatments) + 1e-9
    assert set(plan.cleared) <= {n for t in plan.treatments for n in t.lesions}
    assert {c.lesion for c in plan.coverage if c.cleared} == set(plan.cleared)


@pytest.mark.parametrize("seed", range(2))
def test_objectives_stand_in_their_order(seed: int) -> None:
    anatomy = random_anatomy(seed)
    found = plans(planned(anatomy, limits=half_of_the_liver(anatomy)))
    sparing, maximum, threshold, fewest, _ = found
    assert [p.objective for p in found] == ["sparing", "maximum", "threshold", "fewest", "palliative"]
    if fewest.status == "optimal":
        assert fewest.debulking_percent >= 70.0
        assert len(fewest.treatments) <= len(sparing.treatments)
    assert maximum.debulking_percent >= sparing.debulking_percent
    if threshold.status == "optimal":
        assert threshold.debulking_percent >= 70.0
        if sparing.debulking_percent >= 70.0:
            assert threshold.parenchyma_lost_ml <= sparing.parenchyma_lost_ml
    else:
        assert maximum.debulking_percent < 70.0
        assert threshold.treatments == ()
        assert threshold.bound_percent == maximum.bound_percent


@pytest.mark.parametrize("seed", [0, 2])
def test_more_liver_allowed_never_clears_less(seed: int) -> None:
    anatomy = random_anatomy(seed)
    curves = [
        [p.debulking_percent for p in plans(planned(anatomy, limits=half_of_the_liver(anatomy, keep)))[:2]]
        for keep in (0.99, 0.95, 0.8, 0.3)
    ]
    for tight, wide in pairwise(curves):
        assert all(a <= b for a, b in zip(tight, wide, strict=True))
    assert curves[0] != curves[-1]


@pytest.mark.parametrize("turn", [(0, 1, 2), (2, 0, 1), (1, 0, 2)])
def test_the_order_and_direction_of_the_axes_change_no_figure(turn) -> None:
    anatomy = random_anatomy(11)

    def turned(item):
        """The same points stored with axes permuted by ``turn`` and the first reversed."""
        grid = item.grid
        start = [0, 0, 0]
        start[turn[0]] = grid.shape_kji[turn[0]] - 1
        columns = [grid.axes[:, 2 - a] * (-1.0 if n == 0 else 1.0) for n, a in enumerate(turn)]
        moved = type(grid)(
            shape_kji=tuple(grid.shape_kji[a] for a in turn),
            spacing_mm=tuple(grid.spacing_kji_mm[a] for a in reversed(turn)),
            origin_mm=tuple(grid.to_patient(start)),
            direction=tuple(np.stack(columns[::-1], axis=1).ravel()),
        )
        return type(item)(item.array.transpose(turn)[::-1], moved)

    other = Anatomy(
        liver=turned(anatomy.liver),
        lesions=turned(anatomy.lesions),
        segments=turned(anatomy.segments),
        vessels=turned(anatomy.vessels),
    )
    for mine, theirs in zip(plans(planned(anatomy)), plans(planned(other)), strict=True):
        assert mine.cleared == theirs.cleared
        assert mine.parenchyma_lost_ml == pytest.approx(theirs.parenchyma_lost_ml, rel=1e-9)
        assert [t.name for t in mine.treatments] == [t.name for t in theirs.treatments]
        for a, b in zip(mine.treatments, theirs.treatments, strict=True):
            assert a.center_lps_mm == (b.center_lps_mm and pytest.approx(b.center_lps_mm, abs=1e-6))


def test_no_measurable_disease_is_a_valid_empty_plan_that_claims_nothing() -> None:
    result = planned(random_anatomy(3, lesions=0))
    for plan in plans(result):
        assert (plan.status, plan.treatments, plan.cleared, plan.residual) == ("optimal", (), (), ())
        assert (plan.debulking_percent, plan.bound_percent, plan.parenchyma_lost_ml) == (0.0, None, 0.0)
    assert "NO_LESIONS" in {n.code for n in result.notices}
    assert not result.treated.array.any()


def test_a_liver_below_its_minimum_gets_no_plan_and_a_notice() -> None:
    anatomy = random_anatomy(3)
    result = planned(anatomy, limits=half_of_the_liver(anatomy, 1.1))
    assert {p.status for p in plans(result)} == {"infeasible"}
    assert all(p.treatments == () for p in plans(result))
    assert "LIVER_BELOW_MINIMUM" in {n.code for n in result.notices}


def test_the_minimum_that_keeps_a_better_plan_away_binds_alone() -> None:
    anatomy = random_anatomy(2)
    free = planned(anatomy).plan
    assert free.parenchyma_lost_ml > 0
    functional_ml = anatomy.functional.volume_ml
    loose = flr_limit(0.1 * functional_ml, functional_ml=functional_ml)
    tight = flr_limit(functional_ml - 0.5 * free.parenchyma_lost_ml, functional_ml=functional_ml)
    bound = planned(anatomy, limits=(loose, tight)).plan
    assert bound.debulking_percent < free.debulking_percent
    assert [m.binding for m in bound.minimums] == [False, True]
    assert [m.binding for m in planned(anatomy, limits=(loose,)).plan.minimums] == [False]


def test_counts_are_obeyed() -> None:
    anatomy = random_anatomy(5)
    for limit in (0, 1, 2):
        assert all(
            len(p.treatments) <= limit
            for p in plans(planned(anatomy, settings=settings_with(plan={"max_interventions": limit})))
        )
    none_cut = planned(anatomy, settings=settings_with(resection={"max_resections": 0}))
    assert {t.kind for p in plans(none_cut) for t in p.treatments} <= {"ablation"}


def test_palliative_treats_the_symptomatic_lesion_only() -> None:
    anatomy = random_anatomy(2)
    cleared = planned(anatomy).plan.cleared
    result = planned(anatomy, clinical=Clinical(symptomatic_lesions=cleared[-1:]))
    palliative = result.alternatives[-1]
    assert set(cleared[-1:]) <= set(palliative.cleared)
    assert len(palliative.treatments) == 1
    assert "SYMPTOMATIC_LESIONS_UNKNOWN" not in {n.code for n in result.notices}
    unknown = planned(anatomy, clinical=Clinical(symptomatic_lesions=(99,), mass_effect="profound"))
    codes = {n.code for n in unknown.notices}
    assert {"UNKNOWN_SYMPTOMATIC_LESION", "SYMPTOMATIC_LESIONS_UNKNOWN"} <= codes


def test_a_lesion_below_the_smallest_target_is_cleared_only_by_what_covers_it() -> None:
    grid = oblique_grid((40, 44, 48), (1.0, 1.1, 1.2))
    middle = grid.to_patient((np.array(grid.shape_kji) - 1) / 2.0)
    liver = ellipsoid(grid, middle, (23.0, 23.0, 22.0))
    large, near, far = ((float(middle[0]) + x, *middle[1:]) for x in (15.0, 6.5, -14.0))
    anatomy = anatomy_of(grid, liver, [(large, 6.0), (near, 1.6), (far, 1.6)])
    result = planned(anatomy, settings=settings_with(resection={"enucleation": False}))
    assert result.plan.cleared == (1, 2)
    assert result.plan.residual == (3,)
    whys = {o.why_not for o in result.options[2].options if o.kind != "anatomical"}
    assert len(whys) == 1
    assert whys.pop().endswith("mL < 0.065 mL: no target of its own")
    told = {notice.code: notice.message for notice in result.notices}["SMALL_LESIONS"]
    ml = anatomy.lesions.mask(3).volume_ml
    assert f"3 ({ml:.3g} mL)" in told
    assert "1 (" not in told
    larger = planned(anatomy, settings=settings_with(lesion={"smallest_target_ml": 0.001}))
    assert "SMALL_LESIONS" not in {notice.code for notice in larger.notices}


def test_same_input_gives_the_same_plans() -> None:
    first, second = planned(random_anatomy(8)), planned(random_anatomy(8))
    assert plans(first) == plans(second)
    assert first.more == second.more
    assert first.options == second.options


def test_nothing_is_printed(capfd: pytest.CaptureFixture[str]) -> None:
    planned(random_anatomy(1))
    assert capfd.readouterr() == ("", "")


def test_out_of_time_a_plan_still_holds_and_is_not_called_optimal() -> None:
    anatomy = random_anatomy(20, lesions=8, coarse=1.6)
    limits = half_of_the_liver(anatomy, 0.8)
    hurried = planned(anatomy, limits=limits, settings=settings_with(plan={"time_limit_s": 1e-3}))
    proven = planned(anatomy, limits=limits)
    assert "feasible" in {p.status for p in plans(hurried)}
    assert "PLAN_NOT_PROVEN" in {n.code for n in hurried.notices}
    for quick, best in zip(plans(hurried)[:2], plans(proven)[:2], strict=True):
        assert quick.debulking_percent > 0.0
        assert quick.debulking_percent <= best.debulking_percent <= quick.bound_percent + 1e-9
        assert quick.minimums[0].value >= quick.minimums[0].minimum
