"""Editing sessions: fixed choices against brute force, undo, figures against the voxels."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from plan.plan_examples import settings_with
from plan.random_cases import best_of, value_of
from plan.session_examples import lumpy_session, middle_of, random_session

from netlm_imaging.errors import PlanError, UsageError
from netlm_imaging.plan.drawn import DrawnAblation, DrawnPlane
from netlm_imaging.plan.figures import figures_of
from netlm_imaging.plan.session import Edit, PlanSession
from netlm_imaging.settings import Settings


def simulated(session: PlanSession):
    """The figures of the plan, from voxels alone."""
    case = session.state.basis.case
    return case.simulate(session.chosen)


def with_limits(example, session: PlanSession) -> None:
    """What the session fixed, as limits of the brute force."""
    fixed = session.state.fixed
    limits = replace(
        example.request.limits,
        must=fixed.must,
        must_not=fixed.barred(session.candidates),
        lesions=fixed.clear,
    )
    example.request = replace(example.request, limits=limits)


def random_edit(session: PlanSession, rng: np.random.Generator) -> Edit:
    what = int(rng.integers(5))
    if what >= 3:
        lesion = int(rng.choice(session.state.basis.case.problem.lesions))
        return (session.must_clear if what == 3 else session.leave_alone)(lesion)
    candidate = int(rng.integers(len(session.candidates)))
    return (session.must, session.must_not, session.free)[what](candidate)


@pytest.mark.parametrize("seed", range(120))
def test_every_edit_gives_the_best_plan_of_all_subsets(seed: int) -> None:
    objective = ("sparing", "maximum", "palliative")[seed % 3]
    example, session = random_session(seed, objective)
    rng = np.random.default_rng(seed)
    for _ in range(5):
        try:
            edit = random_edit(session, rng)
        except PlanError:
            continue
        session = edit.session
        with_limits(example, session)
        best = best_of(example, objective)
        assert best is not None
        assert session.state.choice.status == "optimal"
        assert value_of(example, objective, session.chosen) == best
        assert session.state.outcome == simulated(session)


@pytest.mark.parametrize("seed", range(60))
def test_a_refused_edit_is_one_that_no_subset_meets(seed: int) -> None:
    example, session = random_session(seed, "maximum")
    rng = np.random.default_rng(seed)
    for _ in range(4):
        candidate, barred = (int(n) for n in rng.integers(len(session.candidates), size=2))
        fixed = session.state.fixed
        try:
            session = session.must(candidate).session.must_not(barred).session
        except PlanError:
            limits = replace(
                example.request.limits,
                must=fixed.must | {candidate},
                must_not=fixed.must_not | {barred},
            )
            example.request = replace(example.request, limits=limits)
            assert best_of(example, "maximum") is None
            return


@pytest.mark.parametrize("seed", range(0, 120, 4))
def test_an_edit_in_no_time_at_all_is_planned_or_refused_for_a_reason(seed: int) -> None:
    example, session = random_session(seed, "sparing")
    hurried = replace(session, seconds=0.0)
    for lesion in session.state.basis.case.problem.lesions:
        limits = replace(example.request.limits, lesions=frozenset({lesion}))
        example.request = replace(example.request, limits=limits)
        if best_of(example, "sparing") is None:
            with pytest.raises(PlanError) as raised:
                hurried.must_clear(lesion)
            assert raised.value.faults[0].code == "PLAN_CONFLICT"
            continue
        edit = hurried.must_clear(lesion)
        assert lesion in edit.session.figures.cleared
        assert example.keeps(edit.session.chosen, limits)


def test_some_edits_are_refused_and_some_bring_a_dominated_candidate_back() -> None:
    refused = back = 0
    for seed in range(40):
        _, session = random_session(seed, "sparing")
        for candidate in range(len(session.candidates)):
            dominated = session.state.request.limits.must_not
            try:
                after = session.must_not(candidate).session
            except PlanError:
                refused += 1
                continue
            back += bool(dominated - after.state.request.limits.must_not)
        for candidate in range(len(session.candidates)):
            try:
                session.must(candidate)
            except PlanError:
                refused += 1
    assert refused > 0
    assert back > 0


@pytest.mark.parametrize("seed", range(6))
def test_undo_and_redo_give_back_the_very_states(seed: int) -> None:
    _, session = random_session(seed, "sparing")
    rng = np.random.default_rng(seed)
    states = [session.state]
    while len(states) < 5:
        try:
            session = random_edit(session, rng).session
        except PlanError:
            continue
        states.append(session.state)
    for state in states[-2::-1]:
        session = session.undo()
        assert session.state is state
    assert session.undo() is session
    for state in states[1:]:
        session = session.redo()
        assert session.state is state
    assert session.redo() is session
    again = session.undo().free(0).session
    assert again.future == ()
    assert again.undo().state is states[-2]


def test_the_difference_says_what_changed() -> None:
    session = lumpy_session(5)
    out = session.chosen[0]
    edit = session.must_not(out)
    before, after, found = session.figures, edit.figures, edit.difference
    assert session.candidates[out].name in found.removed
    assert found.debulking_points == after.debulking_percent - before.debulking_percent
    assert found.flr_points == after.flr_percent - before.flr_percent
    assert found.sflr_points == pytest.approx(after.sflr_percent - before.sflr_percent)
    assert set(found.cleared_lost) == set(before.cleared) - set(after.cleared)
    assert found.flr_ml == pytest.approx(-found.parenchyma_lost_ml)
    back = edit.session.free(out)
    assert back.difference.added == found.removed
    assert back.difference.removed == found.added
    assert back.session.chosen == session.chosen


def test_the_types_stand_in_the_difference_where_the_caller_gives_them() -> None:
    session = replace(lumpy_session(5), type_of=lambda plan: len(plan.treatments))
    edit = session.change(settings_with(plan={"max_interventions": 2}))
    assert edit.difference.type_before == len(session.chosen)
    assert edit.difference.type_after == len(edit.session.chosen) <= 2


def test_the_plan_of_a_state_is_the_record_that_the_planner_makes() -> None:
    session = lumpy_session(5)
    edit = session.must_not(session.chosen[-1])
    plan, truth = edit.session.plan, simulated(edit.session)
    assert plan.debulking_percent == truth.debulking_percent
    assert plan.parenchyma_lost_ml == truth.lost_ml
    assert {c.lesion for c in plan.coverage if c.cleared} == set(truth.cleared)
    assert [t.name for t in plan.treatments] == list(edit.session.state.names)


@pytest.mark.parametrize(
    "limits",
    [
        {"plan": {"max_interventions": 2}},
        {"resection": {"max_resections": 1}},
        {"ablation": {"max_ablations": 0}},
        {"plan": {"max_segments_sparing": 0}},
        {
            "flr": {
                "minimum_percent": 85.0,
                "minimum_standardized_percent": 0.0,
                "minimum_body_weight_percent": 0.0,
            }
        },
    ],
)
def test_other_limits_are_obeyed_with_the_same_candidates(limits: dict) -> None:
    session = lumpy_session(5)
    edit = session.change(Settings.model_validate(limits))
    assert edit.session.candidates is session.candidates
    assert edit.gone == ()
    state = edit.session.state
    chosen = [edit.session.candidates[c] for c in edit.session.chosen]
    assert state.interventions <= state.basis.limits.interventions
    assert sum(c.kind != "ablation" for c in chosen) <= limits.get("resection", {}).get("max_resections", 99)
    assert sum(c.kind == "ablation" for c in chosen) <= limits.get("ablation", {}).get("max_ablations", 99)
    assert len(set().union(*(c.segments for c in chosen))) <= state.basis.limits.segments
    assert all(m.met for m in edit.figures.minimums)
    minimums = [m.minimum for m in edit.figures.minimums if m.name == "flr_percent"]
    assert minimums == [85.0 if "flr" in limits else 50.0]
    if "flr" not in limits:
        assert edit.session.change(Settings()).session.chosen == session.chosen


def test_an_objective_is_chosen() -> None:
    session = lumpy_session(5)
    edit = session.choose("threshold")
    assert edit.session.plan.objective == "threshold"
    assert edit.figures.debulking_percent >= 70.0
    assert edit.figures.parenchyma_lost_ml <= session.figures.parenchyma_lost_ml


def test_other_margins_make_new_candidates_that_fixed_choices_find_again() -> None:
    session = lumpy_session(5)
    wedge = next(n for n, c in enumerate(session.candidates) if c.kind == "wedge")
    ablation = next(n for n, c in enumerate(session.candidates) if c.kind == "ablation")
    fixed = session.must(wedge).session.must_not(ablation).session
    wider = settings_with(resection={"wedge_margin_mm": 8.0}, ablation={"modalities": ["rfa"]})
    if session.candidates[ablation].zones[0].device.modality == "rfa":
        wider = settings_with(resection={"wedge_margin_mm": 8.0}, ablation={"modalities": ["mwa"]})
    edit = fixed.change(wider)
    (kept,) = edit.session.state.fixed.must
    assert edit.session.candidates[kept].name == session.candidates[wedge].name
    assert edit.session.candidates[kept].voxels.size > session.candidates[wedge].voxels.size
    assert edit.gone == (f"must not: {session.candidates[ablation].name} no longer exists",)
    assert edit.session.state.outcome == simulated(edit.session)
    assert edit.session.undo().state is fixed.state


def test_only_what_changed_is_made_again() -> None:
    session = lumpy_session(5)
    basis = session.state.basis
    margin = session.change(settings_with(ablation={"margin_mm": 6.0})).session.state.basis
    assert margin.case.space is basis.case.space
    again = margin.under(settings_with(ablation={"margin_mm": 7.0}))[0]
    assert again.resected is margin.resected
    sink = margin.under(settings_with(ablation={"sink_vessel_mm": 9.0}))[0]
    assert sink.case.space is not basis.case.space


def test_another_grid_or_set_of_lesions_is_refused_and_unknown_numbers_are() -> None:
    session = lumpy_session(5)
    with pytest.raises(UsageError, match="grid_mm"):
        session.change(settings_with(plan={"grid_mm": 2.0}))
    with pytest.raises(UsageError, match="lesion_set"):
        session.change(settings_with(plan={"lesion_set": "mr"}))
    for wrong in (
        lambda: session.must(-1),
        lambda: session.free(len(session.candidates)),
        lambda: session.must_clear(99),
        lambda: session.leave_alone(0),
        lambda: session.preview(_plane(session), instead_of=9999),
    ):
        with pytest.raises(UsageError) as caught:
            wrong()
        assert caught.value.code == "BAD_EDIT"


def _plane(session: PlanSession, shift_mm: float = 14.0) -> DrawnPlane:
    point = middle_of(session.state.basis.anatomy) + np.array([shift_mm, 0.0, 0.0])
    return DrawnPlane(point_lps_mm=tuple(point), normal_lps=(2.0, 0.4, -0.3))


@pytest.mark.parametrize("seed", range(5, 11))
def test_a_moved_probe_or_plane_gives_the_figures_of_a_fresh_simulation(seed: int) -> None:
    session = lumpy_session(seed, keep=0.05)
    session = session.add(_plane(session)).session
    drawn_number = session.state.basis.first_drawn
    case, rng = session.state.basis.case, np.random.default_rng(seed)
    for chosen in session.chosen:
        moved: DrawnPlane | DrawnAblation = _plane(session, float(rng.uniform(8, 20)))
        if chosen != drawn_number:
            inside = case.space.grid.to_patient(np.argwhere(case.space.liver))
            moved = DrawnAblation(
                device="mwa-1-probe",
                center_lps_mm=tuple(inside[rng.integers(len(inside))].tolist()),
                axis_lps=tuple(rng.normal(size=3)),
            )
        preview = session.preview(moved, instead_of=chosen)
        edit = session.replan(moved, instead_of=chosen)
        new = edit.session.state.basis.case
        number = chosen if chosen == drawn_number else len(new.problem.candidates) - 1
        without = [c for c in session.chosen if c != chosen]
        truth = new.simulate([*without, number])
        count = sum(new.problem.candidates[c].interventions for c in [*without, number])
        assert preview.figures == figures_of(new, truth, interventions=count)
        assert number in edit.session.chosen
        assert edit.session.state.outcome == simulated(edit.session)
        assert edit.figures.cleared == edit.session.state.outcome.cleared


def test_a_moved_treatment_stays_where_it_is_until_it_is_moved_again() -> None:
    session = lumpy_session(5)
    out = session.chosen[1]
    first = session.replan(_plane(session, 16.0), instead_of=out).session
    number = first.state.basis.first_drawn
    assert out in first.state.fixed.must_not
    assert number in first.state.fixed.must
    second = first.replan(_plane(session, 14.0), instead_of=number).session
    assert second.candidates[number].name == first.candidates[number].name
    assert second.candidates[number].voxels.size > first.candidates[number].voxels.size
    assert len(second.candidates) == len(first.candidates)
    third = second.change(settings_with(plan={"max_interventions": 5})).session
    assert third.candidates[number] is second.candidates[number]
    anew = third.change(settings_with(ablation={"margin_mm": 6.0})).session
    (again,) = anew.state.fixed.must
    assert np.array_equal(anew.candidates[again].voxels, second.candidates[number].voxels)
