"""Sessions from masks alone, other facts of the patient, and what more than a plan could be had."""

from __future__ import annotations

import pytest
from plan.plan_examples import settings_with
from plan.session_examples import session_on
from plan.test_plan_case import random_anatomy
from plan.test_plan_growth import grown, only_whole, right_sided

from netlm_imaging.clinical import Clinical
from netlm_imaging.errors import PlanError
from netlm_imaging.lesions import measure
from netlm_imaging.plan import plan_case
from netlm_imaging.plan.session import PlanSession
from netlm_imaging.plan.session_more import growth_of, more_of
from netlm_imaging.plan.session_planned import planned_of
from netlm_imaging.remnant import flr_limits
from netlm_imaging.settings import Settings


@pytest.mark.parametrize("seed", [5, 9])
def test_a_session_from_masks_is_that_of_the_whole_planning(seed: int) -> None:
    anatomy, settings, clinical = random_anatomy(seed, lesions=5, coarse=1.3), Settings(), Clinical()
    lesions = measure(anatomy)
    limits = flr_limits(anatomy.functional.volume_ml, clinical=clinical, settings=settings.flr)
    planned = plan_case(anatomy, lesions, settings=settings, clinical=clinical, limits=limits)
    whole = PlanSession.of(planned, anatomy, lesions, settings=settings)
    quick = PlanSession.begin(anatomy, lesions, settings=settings, clinical=clinical)
    assert quick.figures == whole.figures
    assert quick.state.choice.status == "optimal"
    assert quick.state.basis.options == whole.state.basis.options == planned.options
    assert any(not option.feasible and option.why_not for e in planned.options for option in e.options)
    under = quick.change(settings_with(ablation={"max_lesion_mm": 5.0})).session
    assert under.state.basis.options != quick.state.basis.options


def test_what_is_known_of_the_patient_moves_the_minimums() -> None:
    anatomy = random_anatomy(5, lesions=5, coarse=1.3)
    session = PlanSession.begin(anatomy, measure(anatomy), settings=Settings(), clinical=Clinical())
    known = session.know(Clinical(liver_quality="cirrhosis"))
    assert [m.minimum for m in session.figures.minimums] == [25.0]
    assert [m.minimum for m in known.figures.minimums] == [40.0]
    assert known.figures.flr_percent >= 40.0
    assert known.session.undo().figures == session.figures


@pytest.mark.parametrize("percents", [(0.0, 97.0), (97.0, 0.0)])
def test_other_limits_make_other_options(percents: tuple[float, float]) -> None:
    """As if they had been planned with: no candidate is made anew, and no reason is left over."""
    anatomy = random_anatomy(5, lesions=5, coarse=1.3)
    begun, anew = (
        PlanSession.begin(
            anatomy,
            measure(anatomy),
            settings=settings_with(flr={"minimum_percent": percent}),
            clinical=Clinical(),
        )
        for percent in percents
    )
    changed = begun.change(anew.state.basis.settings).session
    assert changed.state.basis.options == anew.state.basis.options != begun.state.basis.options
    assert planned_of(changed.state).options == anew.state.basis.options


def test_facts_that_no_plan_meets_leave_the_session_as_it_was() -> None:
    anatomy = random_anatomy(5, lesions=5, coarse=1.3)
    session = PlanSession.begin(anatomy, measure(anatomy), settings=Settings(), clinical=Clinical())
    with pytest.raises(PlanError):
        session.know(Clinical(height_cm=220.0, weight_kg=300.0))


def test_other_symptomatic_lesions_are_another_question() -> None:
    anatomy = random_anatomy(5, lesions=5, coarse=1.3)
    settings = settings_with(plan={"objective": "palliative"}, flr={"minimum_percent": 80.0})
    session = PlanSession.begin(anatomy, measure(anatomy), settings=settings, clinical=Clinical())
    assert session.state.choice.status == "optimal"
    one = session.figures.residual[0]
    known = session.know(Clinical(symptomatic_lesions=(one,)))
    assert one in known.figures.cleared


def test_the_frontier_begins_from_what_must_be_done() -> None:
    session = session_on(random_anatomy(11, lesions=5, coarse=1.3), settings=Settings(), keep=0.4)
    space = session.state.basis.case.space
    costs = {c: session.candidates[c].lost_voxels(space) for c in session.chosen}
    fixed = min((c for c in costs if costs[c]), key=lambda c: costs[c])
    free = more_of(session.state, seconds=5).frontier
    kept = more_of(session.must(fixed).session.state, seconds=5).frontier
    assert kept[0].debulking_percent == session.figures.debulking_percent
    assert len(kept) > 1
    assert kept[-1].parenchyma_lost_ml >= costs[fixed] * space.grid.voxel_ml > free[-1].parenchyma_lost_ml


def test_growth_is_that_of_the_whole_planning_and_keeps_what_was_forbidden() -> None:
    result = grown(right_sided(0.6), points_short=7.9, rate=2.0)
    anatomy = right_sided(0.6)
    minimum = result.plan.minimums[0].minimum
    settings = only_whole(minimum_percent=minimum, growth_percent_per_week=2.0)
    session = PlanSession.begin(anatomy, measure(anatomy), settings=settings, clinical=Clinical())
    found, plans = growth_of(session.state, seconds=20)
    assert [plan.objective for plan in plans] == ["sparing", "maximum"]
    assert [(g.kind, g.procedure, g.weeks) for g in found] == [
        (g.kind, g.procedure, g.weeks) for g in result.growth
    ]
    major = next(n for n, c in enumerate(session.candidates) if c.name == "Right hepatectomy")
    without, _ = growth_of(session.must_not(major).session.state, seconds=20)
    assert all(g.procedure != "Right hepatectomy" for g in without)
