"""What a larger remnant would allow, in words and as a Type: a projection, never the plan."""

from __future__ import annotations

from collections.abc import Sequence

from netlm_imaging.clinical import Clinical
from netlm_imaging.decide.findings import facts_of
from netlm_imaging.decide.records import NetlmType, Projection
from netlm_imaging.decide.rule import type_of
from netlm_imaging.decide.wording import compared, counted, percent
from netlm_imaging.lesions.records import Lesion
from netlm_imaging.plan.growth_records import GrowthPlan
from netlm_imaging.plan.records import Plan
from netlm_imaging.remnant.growth import (
    FIRST_WEEK_POINTS,
    LATER_WEEK_POINTS,
    MOST_POINTS,
    NEVER_REACH_SURGERY_PERCENT,
)
from netlm_imaging.settings import Objective, Settings


def projections(
    growth: Sequence[GrowthPlan],
    plans: Sequence[Plan],
    *,
    lesions: Sequence[Lesion],
    clinical: Clinical,
    settings: Settings,
) -> tuple[Projection, ...]:
    """``growth`` with the Type that each would give.

    Of the finished ``plans`` the sparing one decides the Type as things stand.
    """
    by_objective: dict[Objective, Plan] = {plan.objective: plan for plan in plans}
    sparing = by_objective["sparing"]
    today = max(plans, key=lambda plan: plan.debulking_percent)
    now = type_of(facts_of(lesions, sparing, clinical=clinical, settings=settings))
    threshold = settings.type.debulking_threshold_percent
    made = []
    for of in growth:
        then = type_of(facts_of(lesions, of.plan, clinical=clinical, settings=settings))
        fields = {name: getattr(of, name) for name in GrowthPlan.__dataclass_fields__}
        text = f"{_when(of, now, then)}: {_what(of, today, threshold)}"
        made.append(Projection(**fields, type=then, text=text, assumptions=_assumptions(of)))
    return tuple(made)


def briefly(of: Projection) -> str:
    """Such as ``After embolization of the right portal branch, in about 4 weeks (85.0 % debulking)``."""
    reached = f"({percent(of.plan.debulking_percent)} debulking)"
    if of.kind == "pve":
        return f"After embolization of the {of.embolized}, {_about(of)} {reached}"
    how = f"with {_major(of)}"
    return f"In two stages {how} {reached}" if not of.weeks else f"In two stages {how} {_about(of)} {reached}"


def _when(of: GrowthPlan, now: NetlmType | None, then: NetlmType | None) -> str:
    name = f"Type {then}" if then != now else f"More cleared, but still Type {then},"
    stages = " in two stages" if of.kind == "two_stage" else ""
    if not of.weeks:
        return f"{name}{stages}, without any growth"
    low, high = NEVER_REACH_SURGERY_PERCENT
    drop_out = f"{low:.0f}-{high:.0f} % of patients never reach surgery"
    second = ", the second" if stages else ""
    grows = f"if the patient's {of.grows} side grows {_rate(of)}"
    return f"{name}{stages}{second} {_about(of)} {grows} ({_range(of)}; {drop_out})"


def _what(of: GrowthPlan, today: Plan, threshold: float) -> str:
    others = counted(of.plan.treatments[:-1])
    best = "at most" if today.status == "optimal" else "with the best plan found"
    clears = (
        f"{compared(of.plan.debulking_percent, threshold)} of the tumor cleared, "
        f"today {best} {percent(today.debulking_percent, against=threshold)}"
    )
    remnant = f"the remnant would be {percent(of.flr_percent_now)} of the functional liver today, "
    remnant += f"{percent(of.flr_percent_then)} then"
    if of.kind == "pve":
        beside = f" with {others}" if of.plan.treatments[:-1] else ""
        return f"embolization of the {of.embolized}, then {_major(of)}{beside}; {clears}; {remnant}."
    if not of.weeks:
        return f"first {others}, then {_major(of)} in an operation of its own; {clears}."
    return (
        f"first {others} on the patient's {of.grows} side, then embolization of the {of.embolized}, "
        f"then {_major(of)}; {clears}; {remnant}."
    )


def _major(of: GrowthPlan) -> str:
    return of.procedure[:1].lower() + of.procedure[1:]


def _about(of: GrowthPlan) -> str:
    return f"in about {_weeks(of.weeks)}"


def _weeks(count: int) -> str:
    return "1 week" if count == 1 else f"{count} weeks"


def _rate(of: GrowthPlan) -> str:
    if of.points_per_week is not None:
        return f"{of.points_per_week:g} %/week"
    first, later = FIRST_WEEK_POINTS[0], LATER_WEEK_POINTS[0]
    return f"as published, {first:g} % in the first week and {later:g} %/week after it"


def _range(of: GrowthPlan) -> str:
    if of.weeks_high is None:
        return f"range {_weeks(of.weeks_low)} to never"
    if of.weeks_high == of.weeks_low:
        return f"range {_weeks(of.weeks_low)}"
    return f"range {of.weeks_low} to {_weeks(of.weeks_high)}"


def _assumptions(of: GrowthPlan) -> tuple[str, ...]:
    volume = "standard liver volume" if of.standardized else "functional liver (body size is not known)"
    growth = [
        f"Growth in percent of the {volume}, {of.reference_ml:.0f} mL; at most {MOST_POINTS:g} % in all.",
        _range_assumed(of),
        "All portal branches of what is removed are embolized, and the "
        f"patient's {of.grows} side alone grows; denominators stay as they are today.",
        "No lesion grows, and none appears, while the remnant grows.",
        "The remnant is measured again before the resection.",
    ]
    unproven = ["The best plan found in the time given, not proven to be the best."]
    return (*(growth if of.weeks else ()), *(unproven if of.plan.status != "optimal" else ()))


def _range_assumed(of: GrowthPlan) -> str:
    if of.points_per_week is not None:
        return "The rate is the user's (flr.growth_percent_per_week); the range is from half to twice of it."
    return "Growth as published; the range is one standard deviation to both sides."
