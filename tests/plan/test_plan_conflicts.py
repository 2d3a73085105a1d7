"""Demands that no plan meets: named, few, and every one of them needed for the conflict."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from itertools import chain, combinations

import numpy as np
import pytest
from plan.plan_examples import settings_with
from plan.random_cases import Random
from plan.session_examples import lumpy_session, middle_of, random_case, random_session

from netlm_imaging.errors import PlanError
from netlm_imaging.plan.conflicts import Demand, can_hold, conflicting, demands_of
from netlm_imaging.plan.drawn import DrawnPlane
from netlm_imaging.plan.fixed import Fixed
from netlm_imaging.plan.limits import Limits


def some_subset_meets(example: Random, demands: list[Demand]) -> bool:
    """Over all subsets of the candidates, counted from voxels."""
    everything = range(len(example.problem.candidates))
    subsets = chain.from_iterable(combinations(everything, n) for n in range(len(everything) + 1))
    return any(all(meets(example, demand, s) for demand in demands) for s in subsets)


def meets(example: Random, demand: Demand, chosen: tuple[int, ...]) -> bool:
    figures = example.figures(chosen)
    done = [example.problem.candidates[c] for c in chosen]
    ablations = sum(c.interventions for c in done if c.kind == "ablation")
    counts = {
        "interventions": example.interventions(chosen),
        "ablations": ablations,
        "resections": example.interventions(chosen) - ablations,
        "segments": len(set().union(*(c.segments for c in done))),
    }
    return (
        (demand.flr is None or figures.flr_ml >= demand.flr.minimum_ml - 1e-6)
        and (demand.count is None or counts[demand.count] <= demand.most)
        and (demand.must is None or demand.must in chosen)
        and demand.must_not.isdisjoint(chosen)
        and (demand.clear is None or demand.clear in figures.cleared)
        and (demand.threshold_percent is None or figures.debulking_percent >= demand.threshold_percent - 1e-9)
    )


@cache
def demanding(seed: int) -> tuple[Random, object, list[Demand]]:
    """A random case of which much is asked."""
    example, case, settings = random_case(seed)
    rng = np.random.default_rng(seed)
    candidates = len(example.problem.candidates)
    fixed = Fixed(
        must=frozenset(rng.integers(candidates, size=2).tolist()),
        must_not=frozenset(rng.integers(candidates, size=3).tolist()),
        clear=frozenset(rng.choice(example.problem.lesions, 1).tolist()),
        leave=frozenset(rng.choice(example.problem.lesions, 1).tolist()),
    )
    limits = Limits(
        budget_voxels=0,
        interventions=settings.plan.max_interventions,
        resections=settings.resection.max_resections,
        ablations=settings.ablation.max_ablations,
        segments=settings.plan.max_segments_sparing,
    )
    threshold = None if seed % 2 else settings.type.debulking_threshold_percent
    return example, case, list(demands_of(case, limits, fixed, threshold_percent=threshold))


@pytest.mark.parametrize("seed", range(60))
def test_a_conflict_is_real_and_every_part_of_it_is_needed(seed: int) -> None:
    example, case, demands = demanding(seed)
    possible = some_subset_meets(example, demands)
    assert can_hold(case, demands, seconds=20) is possible
    if possible:
        return
    core = conflicting(case, demands, seconds=60)
    assert core
    assert not some_subset_meets(example, list(core))
    for demand in core:
        assert some_subset_meets(example, [d for d in core if d is not demand])


def test_the_examples_hold_conflicts_of_every_kind() -> None:
    kinds = {"flr", "count", "must", "clear", "threshold_percent"}
    missing = {*kinds, "must_not"}
    for seed in range(60):
        example, case, demands = demanding(seed)
        if missing and not some_subset_meets(example, demands):
            for d in conflicting(case, demands, seconds=60):
                missing -= {f for f in kinds if getattr(d, f) is not None}
                missing -= {"must_not"} if d.must_not else set()
    assert not missing


def conflict(edit) -> str:
    with pytest.raises(PlanError) as caught:
        edit()
    assert caught.value.code == "PLAN_CONFLICT"
    assert caught.value.exit_code == 4
    return str(caught.value)


def test_must_and_must_not_of_one_treatment_contradict_each_other() -> None:
    session = lumpy_session(5)
    one = session.chosen[0]
    name = session.candidates[one].name
    text = conflict(lambda: session.must(one).session.must_not(one))
    assert f"must not: {name} and must: {name} cannot hold together: they contradict each other" in text


def test_a_minimum_remnant_and_what_must_be_done_are_named_with_what_is_left() -> None:
    session = lumpy_session(5)
    point = middle_of(session.state.basis.anatomy) - np.array([12.0, 0.0, 0.0])
    plane = DrawnPlane(point_lps_mm=tuple(point), normal_lps=(1.0, 0.1, 0.0))
    left = session.preview(plane).figures
    text = conflict(lambda: session.add(plane))
    assert "FLR minimum 50 % and must: Resection 1 drawn by hand cannot hold together: at best " in text
    said = float(text.split("at best ")[1].split(" %")[0])
    assert left.flr_percent - 0.01 <= said < 50.0


def test_too_many_treatments_that_must_be_done_are_counted() -> None:
    session = lumpy_session(5).change(settings_with(plan={"max_interventions": 1})).session
    wedges = [n for n, c in enumerate(session.candidates) if c.kind == "wedge"][:2]
    text = conflict(lambda: session.must(wedges[0]).session.must(wedges[1]))
    assert "interventions at most 1 and must: " in text
    assert "2 are needed" in text


def test_a_lesion_that_nothing_clears_cannot_be_demanded() -> None:
    example, session = random_session(3, "maximum")
    everything = tuple(range(len(session.candidates)))
    lost = [n for n in example.problem.lesions if n not in example.figures(everything).cleared]
    seeds = iter(range(4, 60))
    while not lost:
        example, session = random_session(next(seeds), "maximum")
        lost = [n for n in example.problem.lesions if n not in example.figures(everything).cleared]
    text = conflict(lambda: session.must_clear(lost[0]))
    assert f"lesion {lost[0]} cleared cannot hold: no treatment and no combination" in text


def test_a_threshold_that_cannot_be_reached_names_the_limit_that_is_in_the_way() -> None:
    strict = settings_with(plan={"max_interventions": 1}, type={"debulking_threshold_percent": 99.0})
    session = lumpy_session(5).change(strict).session
    text = conflict(lambda: session.choose("threshold"))
    assert "interventions at most 1 and debulking of 99 % cannot hold together: " in text
    assert "are needed" in text


def test_an_untouched_liver_below_a_minimum_is_said_to_be_so() -> None:
    session = lumpy_session(5)
    text = conflict(lambda: session.change(settings_with(flr={"minimum_standardized_percent": 99.0})))
    assert "standardized FLR minimum 99 % cannot hold: at best " in text or "by body weight" in text
    assert "% is left, before any liver is lost" in text


def test_a_refused_edit_leaves_the_session_as_it_was() -> None:
    session = lumpy_session(5)
    before = (session.state, session.past, session.future)
    one = session.chosen[0]
    kept = session.must(one).session
    conflict(lambda: kept.must_not(one))
    assert kept.state.fixed.must == {one}
    assert (session.state, session.past, session.future) == before
    assert replace(session) is not session
