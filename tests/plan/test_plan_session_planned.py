"""All that a run says beside its plan, around the plan of a session."""

from __future__ import annotations

from functools import cache

from plan.plan_examples import settings_with
from plan.session_examples import session_on
from plan.test_plan_case import half_of_the_liver, random_anatomy
from plan.test_plan_growth import grown, only_whole, right_sided

from netlm_imaging.clinical import Clinical
from netlm_imaging.lesions import measure
from netlm_imaging.plan import Planned, plan_case
from netlm_imaging.plan.drawn import DrawnAblation
from netlm_imaging.plan.records import Plan
from netlm_imaging.plan.session import PlanSession
from netlm_imaging.plan.session_planned import planned_of


@cache
def compared_session() -> PlanSession:
    """A lumpy liver, planned with the comparison devices too."""
    settings = settings_with(plan={"max_frontier_points": 2})
    return session_on(random_anatomy(5, lesions=5, coarse=1.3), settings=settings)


def counts(plan: Plan) -> tuple[object, ...]:
    return plan.objective, plan.status, plan.cleared, plan.parenchyma_lost_ml, len(plan.treatments)


def all_counts(planned: Planned) -> tuple[object, ...]:
    assert planned.comparison is not None
    plans = (planned.plan, *planned.alternatives, *planned.comparison.plans)
    return (*map(counts, plans), planned.more, planned.options, planned.groups, planned.devices)


def test_around_a_plan_that_nobody_edited_all_is_as_in_the_run() -> None:
    anatomy = random_anatomy(5, lesions=5, coarse=1.3)
    settings = settings_with(plan={"time_limit_s": 600.0})  # no search ends by the clock
    lesions, clinical = measure(anatomy), Clinical(height_cm=171.0, weight_kg=66.0)
    limits = half_of_the_liver(anatomy, 0.5)
    run = plan_case(anatomy, lesions, settings=settings, clinical=clinical, limits=limits)
    around = planned_of(PlanSession.of(run, anatomy, lesions, settings=settings).state)
    assert all_counts(around) == all_counts(run)
    assert around.plan == run.plan
    assert around.comparison.only_larger_zone == run.comparison.only_larger_zone
    assert (around.remnant.array == run.remnant.array).all()
    assert around.notices == run.notices


def test_larger_remnants_obey_what_was_forbidden() -> None:
    anatomy = right_sided(0.6)
    result = grown(anatomy, points_short=7.9, rate=2.0)
    minimum = result.plan.minimums[0].minimum
    settings = only_whole(minimum_percent=minimum, growth_percent_per_week=2.0)
    session = PlanSession.begin(anatomy, measure(anatomy), settings=settings, clinical=Clinical())
    found = planned_of(session.state).growth
    assert [(g.kind, g.procedure, g.weeks) for g in found] == [
        (g.kind, g.procedure, g.weeks) for g in result.growth
    ]
    major = next(n for n, c in enumerate(session.candidates) if c.name == "Right hepatectomy")
    without = planned_of(session.must_not(major).session.state).growth
    assert all(g.procedure != "Right hepatectomy" for g in without)


def test_every_other_plan_obeys_fixed_choices_with_other_devices_too() -> None:
    session = compared_session()
    lesion = next(c.lesions[0] for c in session.candidates if len(c.lesions) == 1)
    planned = planned_of(session.leave_alone(lesion).session.state)
    for plan in (planned.plan, *planned.alternatives, *planned.comparison.plans):
        assert all(t.kind == "anatomical" or t.lesions != (lesion,) for t in plan.treatments)


def test_with_other_devices_a_treatment_is_forbidden_where_all_alike_were() -> None:
    session = compared_session()
    ablated = next(c.lesions for c in session.candidates if len(c.zones) == 1)
    same = [n for n, c in enumerate(session.candidates) if len(c.zones) == 1 and c.lesions == ablated]
    for n in same:
        session = session.must_not(n).session
    planned = planned_of(session.state)
    treatments = [t for plan in planned.comparison.plans for t in plan.treatments]
    assert treatments
    assert not [t for t in treatments if t.kind == "ablation" and t.lesions == ablated]


def test_what_was_drawn_is_done_by_a_comparison_device_at_the_same_place() -> None:
    session = compared_session()
    lesion = session.state.basis.lesions[0]
    drawn = DrawnAblation(
        device="mwa-1-probe",
        center_lps_mm=lesion.centroid_lps_mm,
        axis_lps=(0.0, 0.0, 1.0),
        lesions=(lesion.id,),
    )
    planned = planned_of(session.add(drawn).session.state)
    (here,) = (t for t in planned.plan.treatments if "drawn by hand" in t.name)
    (there,) = (t for t in planned.comparison.plans[0].treatments if "drawn by hand" in t.name)
    series = {device.name for device in planned.comparison.devices}
    assert here.device == "MWA, 1 probe"
    assert there.device in series - {"MWA, 1 probe"}
    assert there.center_lps_mm == here.center_lps_mm
