"""What a larger remnant would allow, in words, and as a Type."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from decide.cases import FULL_FACTS, decide, lesion, minimum, of_evidence, plan, texts, treatment

from netlm_imaging.clinical import Clinical
from netlm_imaging.decide import Projection, projections
from netlm_imaging.decide.wording import tight_minimums
from netlm_imaging.plan.growth_records import GrowthPlan, Stage
from netlm_imaging.settings import Settings

MANY = [10.0] * 10
ALL = tuple(range(1, 11))


def growth(kind: str = "pve", cleared: tuple[int, ...] = ALL, **more: Any) -> GrowthPlan:
    done = (
        treatment(2),
        treatment(3, "ablation"),
        replace(treatment(1, "anatomical"), name="Right hepatectomy"),
    )
    values: dict[str, Any] = {
        "kind": kind,
        "procedure": "Right hepatectomy",
        "embolized": "right portal branch",
        "grows": "left",
        "plan": plan(MANY, cleared, "maximum", treatments=done, flr_percent=22.06),
        "needed_points": 7.9,
        "reference_ml": 1740.0,
        "standardized": True,
        "points_per_week": 2.0,
        "weeks": 4,
        "weeks_low": 2,
        "weeks_high": 8,
        "flr_percent_now": 22.06,
        "flr_percent_then": 30.3,
        "stages": (
            Stage(after_weeks=4, treatments=("T1", "T2", "T3"), interventions=3, flr_ml=500.0, minimums=()),
        ),
    }
    return GrowthPlan(**values | more)


def projected(*of: GrowthPlan, cleared: tuple[int, ...] = (1,), **facts: Any) -> tuple[Projection, ...]:
    return projections(
        of,
        (plan(MANY, cleared), plan(MANY, (1, 2), "maximum")),
        lesions=[lesion(n, 10.0) for n in ALL],
        clinical=Clinical(**FULL_FACTS | facts),
        settings=Settings(),
    )


def test_a_projection_in_words() -> None:
    (one,) = projected(growth())
    assert one.type == 2
    assert one.text == (
        "Type 2 in about 4 weeks if the patient's left side grows 2 %/week (range 2 to 8 weeks; 20-40 % of "
        "patients never reach surgery): embolization of the right portal branch, then right hepatectomy with "
        "1 wedge resection and 1 ablation; 100.0 % (>= 70 %) of the tumor cleared, today at most 20.0 %; "
        "the remnant would be 22.1 % of the functional liver today, 30.3 % then."
    )
    assert "half to twice" in " ".join(one.assumptions)


def test_published_growth_in_words() -> None:
    (one,) = projected(
        growth(points_per_week=None, weeks=1, weeks_low=1, weeks_high=None, standardized=False)
    )
    assert (
        "in about 1 week if the patient's left side grows as published, 5.4 % in the first week" in one.text
    )
    assert "(range 1 week to never; 20-40 %" in one.text
    said = " ".join(one.assumptions)
    assert "functional liver (body size is not known)" in said
    assert "one standard deviation" in said


def test_two_stages_in_words() -> None:
    (one,) = projected(growth("two_stage"))
    assert one.text.startswith(
        "Type 2 in two stages, the second in about 4 weeks if the patient's left side grows 2 %/week"
    )
    assert (
        "first 1 wedge resection and 1 ablation on the patient's left side, then embolization of the right "
        "portal branch, then right hepatectomy; 100.0 %"
    ) in one.text
    (none,) = projected(growth("two_stage", weeks=0, weeks_low=0, weeks_high=0))
    assert none.text.startswith("Type 2 in two stages, without any growth: first 1 wedge resection")
    assert "embolization" not in none.text
    assert none.assumptions == ()


def test_today_is_the_best_of_all_plans_and_proven_or_not() -> None:
    plans = (plan(MANY, (1, 2, 3)), plan(MANY, (1, 2), "maximum", status="feasible"))
    of: dict[str, Any] = {"lesions": [lesion(n, 10.0) for n in ALL], "settings": Settings()}
    (proven,) = projections([growth()], plans, clinical=Clinical(), **of)
    assert "today at most 30.0 %" in proven.text
    (open_,) = projections([growth()], (replace(plans[0], status="feasible"),), clinical=Clinical(), **of)
    assert "today with the best plan found 30.0 %" in open_.text


def test_a_type_that_stays_is_not_sold_as_another() -> None:
    (one,) = projected(growth(cleared=(1, 2, 3)))
    assert one.type == 3
    assert one.text.startswith("More cleared, but still Type 3, in about 4 weeks")
    assert "30.0 % (< 70 %) of the tumor cleared" in one.text


def test_an_unproven_projection_says_so() -> None:
    (one,) = projected(growth(plan=replace(growth().plan, status="feasible")))
    assert "not proven" in one.assumptions[-1]


@pytest.mark.parametrize(("symptoms", "expected"), [("none", 3), ("profound", 4)])
def test_the_type_follows_the_facts_also_when_asked_again(symptoms: str, expected: int) -> None:
    first = projected(growth(cleared=(1, 2, 3)))
    (again,) = projected(*first, mass_effect=symptoms)
    assert again.type == expected
    assert projected(*first) == first


def test_growth_is_among_what_would_change_the_type_and_in_the_management() -> None:
    both = projected(growth(), growth("two_stage"))
    tight = (minimum("sflr_percent", 20.0, 20.1, binding=True),)
    maximum = plan(MANY, [1, 2], "maximum", minimums=tight)
    found = decide(MANY, [1], maximum=maximum, projections=both)
    changes = {c.change: c.type for c in found.counterfactuals}
    assert changes["After embolization of the right portal branch, in about 4 weeks (100.0 % debulking)"] == 2
    assert changes["In two stages with right hepatectomy in about 4 weeks (100.0 % debulking)"] == 2
    pve, staged = of_evidence(found.management, "pve-growth")
    assert pve.startswith(
        "After embolization of the right portal branch, in about 4 weeks (100.0 % debulking): Type 2."
    )
    assert staged.startswith(
        "In two stages with right hepatectomy in about 4 weeks (100.0 % debulking): Type 2."
    )
    assert of_evidence(found.management, "pve-small-remnant")


def test_embolization_that_would_not_help_is_not_advised() -> None:
    tight = (minimum("sflr_percent", 20.0, 20.1, binding=True),)
    maximum = plan(MANY, [1, 2], "maximum", minimums=tight)
    looked, not_looked = (decide(MANY, [1], maximum=maximum, projections=of) for of in ((), None))
    assert of_evidence(looked.management, "pve-small-remnant") == []
    assert "Portal vein embolization is not expected to change that" in texts(looked.management)
    assert of_evidence(not_looked.management, "pve-small-remnant")
    unmet = plan(MANY, [], minimums=(minimum("flr_percent", 25.0, 24.0),), status="infeasible")
    assert of_evidence(decide(MANY, [], sparing=unmet, projections=()).management, "pve-small-remnant")


def test_several_minimums_in_one_sentence() -> None:
    tight = (
        minimum("sflr_percent", 20.0, 20.1, binding=True),
        minimum("flr_percent", 25.0, 25.2, binding=True),
        minimum("flr_body_weight_percent", 0.5, 0.4),
    )
    assert tight_minimums(tight, plan=plan(MANY, [1], minimums=tight)) == (
        "remnant per body weight 0.4 % "
        "(minimum 0.5 %); clearing more would leave a standardized remnant (sFLR) below 20 % (this plan "
        "20.1 %) and a remnant of the functional liver below 25 % (this plan 25.2 %)"
    )


def test_the_type_of_the_lesions_seen_on_mr_is_said_where_it_differs() -> None:
    seen = [lesion(n, 10.0, seen_on=("mr",) if n <= 4 else ("pet",)) for n in ALL]
    sparing = plan(MANY, [1, 2, 3], debulking_percent_mr_only=75.0)
    found = decide(MANY, [], lesions=seen, sparing=sparing)
    said = "If the lesions seen on PET alone were none (75.0 % debulking of those seen on MR)"
    assert found.type == 3
    assert {c.change: c.type for c in found.counterfactuals}[said] == 2
    complete = plan(MANY, [1, 2, 3, 4], debulking_percent_mr_only=100.0)
    changes = decide(MANY, [], lesions=seen, sparing=complete).counterfactuals
    assert [c.type for c in changes if "PET alone" in c.change] == [1]
    low = plan(MANY, [1], debulking_percent_mr_only=25.0)
    changes = decide(MANY, [], lesions=seen, sparing=low).counterfactuals
    assert not [c for c in changes if "PET alone" in c.change]
