"""Small sessions for the tests of editing."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
from plan.plan_examples import PLAIN, settings_with
from plan.random_cases import CLEARED, Random
from plan.test_plan_case import half_of_the_liver, random_anatomy

from netlm_imaging.anatomy import Anatomy
from netlm_imaging.clinical import Clinical
from netlm_imaging.lesions import measure
from netlm_imaging.plan import plan_case
from netlm_imaging.plan.basis import Basis
from netlm_imaging.plan.fixed import Fixed
from netlm_imaging.plan.losses import with_loss
from netlm_imaging.plan.outcome import Case
from netlm_imaging.plan.problem import make_problem
from netlm_imaging.plan.session import PlanSession
from netlm_imaging.plan.session_state import solved
from netlm_imaging.remnant import FlrLimit
from netlm_imaging.settings import Settings


def session_on(anatomy: Anatomy, *, settings: Settings | None = None, keep: float = 0.5) -> PlanSession:
    """A session on an anatomy of which a part of the functional liver must be kept."""
    settings, lesions = settings or PLAIN, measure(anatomy)
    planned = plan_case(
        anatomy,
        lesions,
        settings=settings,
        clinical=Clinical(height_cm=171.0, weight_kg=66.0),
        limits=half_of_the_liver(anatomy, keep),
    )
    return PlanSession.of(planned, anatomy, lesions, settings=settings)


@cache
def lumpy_session(seed: int, *, keep: float = 0.5) -> PlanSession:
    """A lumpy liver with five lesions on an oblique grid, with segments and a vessel; planned once."""
    return session_on(random_anatomy(seed, lesions=5, coarse=1.3), keep=keep)


def random_case(seed: int) -> tuple[Random, Case, Settings]:
    """The small random liver of the brute force, its limits as settings and as a minimum remnant."""
    example = Random(seed)
    limits = replace(example.request.limits, must=frozenset(), must_not=frozenset())
    example.request = replace(example.request, limits=limits)
    candidates = [with_loss(example.space, candidate) for candidate in example.problem.candidates]
    example.problem = make_problem(example.space, candidates, cleared_fraction=CLEARED)
    functional = example.problem.functional_voxels
    kept_ml = (functional - limits.budget_voxels) * example.space.grid.voxel_ml
    case = Case(
        anatomy=example.anatomy.cropped(),
        space=example.space,
        problem=example.problem,
        limits=(
            FlrLimit(
                name="flr_percent",
                minimum=100.0 * (functional - limits.budget_voxels) / functional,
                minimum_ml=kept_ml,
                source="settings",
            ),
        ),
        clinical=Clinical(symptomatic_lesions=example.request.symptomatic),
        cleared_fraction=CLEARED,
    )
    example._simulated = case.simulate  # type: ignore[method-assign]
    settings = settings_with(
        plan={"max_interventions": limits.interventions, "max_segments_sparing": limits.segments},
        resection={"max_resections": limits.resections},
        ablation={"max_ablations": limits.ablations},
        type={"debulking_threshold_percent": example.request.threshold_percent},
    )
    return example, case, settings


def random_session(seed: int, objective: str) -> tuple[Random, PlanSession]:
    """A session on ``random_case``."""
    example, case, settings = random_case(seed)
    basis = Basis(anatomy=example.anatomy, lesions=(), settings=settings, planned=case, case=case)
    state = solved(basis, objective, Fixed(), seconds=20)
    return example, PlanSession(state=state, seconds=20)


def middle_of(anatomy: Anatomy) -> np.ndarray:
    """The middle of the grid in LPS mm."""
    return anatomy.grid.to_patient((np.array(anatomy.grid.shape_kji) - 1) / 2.0)
