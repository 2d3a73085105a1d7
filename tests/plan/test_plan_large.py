"""The figures of plans against the simulation, to the voxel, on large patients.

Sample livers with all segments and a portal vein, 12 to 24 lesions and about a hundred candidates: cases far
too large to try every subset. A few of them in every run, a hundred in ``make test-full``.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
import pytest
from plan.plan_examples import settings_with
from plan.test_plan_case import half_of_the_liver

from benchmarks.implanted import digital_liver, with_lesions
from netlm_imaging.clinical import Clinical
from netlm_imaging.lesions import measure
from netlm_imaging.plan.candidates import Candidate
from netlm_imaging.plan.devices import chosen_devices
from netlm_imaging.plan.more_candidates import with_joint
from netlm_imaging.plan.optimize import Choice
from netlm_imaging.plan.outcome import Case
from netlm_imaging.plan.plan_set import answer_with, ask
from netlm_imaging.plan.settle import unknown_losses
from netlm_imaging.settings import Objective

ALWAYS = 5
SEEDS = [pytest.param(seed, marks=[pytest.mark.slow] if seed >= ALWAYS else []) for seed in range(100)]
SPACING_MM = (2.6, 2.9, 3.2)


@dataclass(frozen=True, kw_only=True)
class Large:
    """Its optima, and sets of candidates drawn at random, with all that these lose together counted."""

    case: Case
    choices: dict[Objective, Choice]
    drawn: list[tuple[int, ...]]

    @property
    def sets(self) -> list[tuple[int, ...]]:
        return [*(choice.chosen for choice in self.choices.values()), *self.drawn]

    @property
    def done(self) -> list[Candidate]:
        return [self.case.problem.candidates[c] for chosen in self.sets for c in chosen]


@lru_cache(maxsize=ALWAYS)
def large(seed: int) -> Large:
    rng = np.random.default_rng(seed)
    liver = digital_liver(seed, liver_ml=float(rng.uniform(900, 1900)), spacing_mm=SPACING_MM)
    anatomy = with_lesions(liver, int(rng.integers(12, 25)), rng)
    anatomy = replace(anatomy, portal_vein=anatomy.vessels)
    small = ["rfa-1-probe", "amica-60w-10min-patients"]
    settings = settings_with(
        ablation={"devices": small if seed % 2 else ["mwa-1-probe", "rfa-1-probe"], "comparison_devices": []},
        resection={"max_devascularized_ml": 200.0},
        plan={"time_limit_s": 20.0},
    )
    question = ask(
        anatomy,
        measure(anatomy),
        settings=settings,
        clinical=Clinical(),
        limits=half_of_the_liver(anatomy, float(rng.uniform(0.2, 0.7))),
    )
    answer = answer_with(question, chosen_devices(settings))
    count = len(answer.case.problem.candidates)
    drawn = [tuple(sorted(rng.choice(count, 12, replace=False).tolist())) for _ in range(6)]
    case = with_joint(answer.case, unknown_losses(answer.case, drawn))
    return Large(case=case, choices=answer.choices, drawn=drawn)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_figures_of_a_large_plan_are_those_of_the_simulation_to_the_voxel(seed: int) -> None:
    patient = large(seed)
    problem = patient.case.problem
    for chosen in patient.sets:
        truth = patient.case.simulate(chosen)
        assert problem.lost_voxels(chosen) == truth.lost_voxels
        assert problem.treated_voxels(chosen).tolist() == [o.treated_voxels for o in truth.lesions]
        assert problem.cleared(chosen).tolist() == [o.cleared for o in truth.lesions]
    for objective in ("sparing", "maximum"):
        choice = patient.choices[objective]
        cleared = problem.cleared_voxels(choice.chosen)
        assert cleared == choice.bound_voxels or (
            choice.status == "feasible" and cleared < choice.bound_voxels
        )


def test_the_large_cases_hold_all_that_makes_counting_hard() -> None:
    """Else the test above would show nothing."""
    patients = [large(seed) for seed in range(ALWAYS)]
    done = [candidate for patient in patients for candidate in patient.done]
    assert any(len(c.lesions) > 1 and c.zones for c in done)
    assert any(len(c.lesions) > 1 and not c.zones for c in done)
    assert any(len(c.zones) > 1 for c in done)
    assert any(c.segments for c in done)
    assert any(c.devascularized.size for c in done)
    assert any(p.case.simulate(p.choices["maximum"].chosen).devascularized.any() for p in patients)
    assert any(loss.candidates <= set(s) for p in patients for s in p.sets for loss in p.case.problem.joint)
    assert all(len(p.case.problem.candidates) > 40 for p in patients)
