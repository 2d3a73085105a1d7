"""The truth table of the Types: every row, every border."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from decide.cases import decide, lesion, plan

from netlm_imaging.settings import Settings

MANY = [10.0] * 10
"""Ten lesions of 10 mL: each one cleared is 10 % of debulking."""
PROFOUND = [{"mass_effect": "profound"}, {"hormonal_symptoms": "uncontrolled"}]


def type_settings(**values: Any) -> Settings:
    return Settings.model_validate({"type": values})


@pytest.mark.parametrize("symptoms", [{}, *PROFOUND])
@pytest.mark.parametrize("count", [1, 4, 5])
def test_type_1_all_of_a_limited_number_whatever_the_symptoms(count: int, symptoms: dict[str, str]) -> None:
    found = decide([10.0] * count, range(1, count + 1), facts=symptoms)
    assert (found.type, found.provisional, found.missing) == (1, False, ())


@pytest.mark.parametrize("symptoms", [{}, *PROFOUND])
def test_type_2_from_the_threshold_on_whatever_the_symptoms(symptoms: dict[str, str]) -> None:
    found = decide(MANY, range(1, 8), facts=symptoms)
    assert (found.type, found.provisional) == (2, False)


def test_type_2_when_all_of_more_than_a_limited_number_can_be_cleared() -> None:
    found = decide([10.0] * 6, range(1, 7))
    assert found.type == 2
    assert "complete clearance achievable" in " ".join(reason.text for reason in found.reasons)


def test_type_3_below_the_threshold_without_profound_symptoms() -> None:
    found = decide(MANY, range(1, 7))
    assert (found.type, found.provisional, found.missing) == (3, False, ())


@pytest.mark.parametrize("symptoms", PROFOUND)
def test_type_4_below_the_threshold_with_profound_symptoms(symptoms: dict[str, str]) -> None:
    found = decide(MANY, range(1, 7), facts=symptoms)
    assert (found.type, found.provisional, found.missing) == (4, False, ())


@pytest.mark.parametrize(
    ("percent", "expected", "gray"),
    [
        (64.99, 3, False),
        (65.0, 3, True),
        (69.99, 3, True),
        (70.0, 2, True),
        (70.0 - 1e-12, 2, True),
        (75.0, 2, True),
        (75.01, 2, False),
    ],
)
def test_the_threshold_and_the_gray_band(percent: float, expected: int, gray: bool) -> None:
    found = decide([percent, *([(100 - percent) / 6] * 6)], [1])
    assert (found.type, found.gray_band) == (expected, gray)
    said = [reason.text for reason in found.reasons if reason.evidence == "gray-band"]
    assert bool(said) is gray


def test_69_99_is_never_printed_as_70() -> None:
    found = decide([69.99, *([30.01 / 6] * 6)], [1])
    assert "Achievable debulking 69.99 % (< 70 %)" in found.reasons[0].text


@pytest.mark.parametrize(("count", "expected"), [(5, 1), (6, 2)])
def test_the_limited_number(count: int, expected: int) -> None:
    assert decide([10.0] * count, range(1, count + 1)).type == expected


def test_settings_move_the_threshold_and_the_limited_number() -> None:
    assert decide(MANY, range(1, 10), settings=type_settings(debulking_threshold_percent=91)).type == 3
    assert decide(MANY, range(1, 10), settings=type_settings(debulking_threshold_percent=90)).type == 2
    assert decide(MANY, range(1, 11), settings=type_settings(limited_max_lesions=10)).type == 1
    assert decide([10.0], [1], settings=type_settings(limited_max_lesions=0)).type == 2


def test_a_limited_number_not_all_cleared_is_type_2_and_said_not_to_fit() -> None:
    found = decide([10.0] * 4, [1, 2, 3])
    assert found.type == 2
    assert any("few lesions, but not all" in reason.text for reason in found.reasons)


def test_no_lesion_has_no_type() -> None:
    found = decide([], [])
    assert found.type is None
    assert (found.provisional, found.missing, found.gray_band) == (False, (), False)
    assert [reason.text for reason in found.reasons] == [
        "No measurable disease in the liver: no Type applies."
    ]
    assert found.counterfactuals == ()
    assert [statement.evidence for statement in found.management] == ["unseen-disease"]


@pytest.mark.parametrize(
    ("unknown", "facts", "missing"),
    [
        (("mass_effect", "hormonal_symptoms"), {}, ("mass_effect", "hormonal_symptoms")),
        (("mass_effect",), {}, ("mass_effect",)),
        (("hormonal_symptoms",), {}, ("hormonal_symptoms",)),
    ],
)
def test_unknown_symptoms_leave_type_3_provisional(
    unknown: tuple[str, ...], facts: dict[str, Any], missing: tuple[str, ...]
) -> None:
    found = decide(MANY, [1], facts=dict.fromkeys(unknown) | facts)
    assert (found.type, found.provisional, found.missing) == (3, True, missing)
    assert {c.type for c in found.counterfactuals if "mass effect" in c.change} == {4}


def test_one_profound_symptom_settles_type_4_whatever_else_is_unknown() -> None:
    found = decide(MANY, [1], facts={"mass_effect": None, "hormonal_symptoms": "uncontrolled"})
    assert (found.type, found.missing) == (4, ())


@pytest.mark.parametrize("name", ["mass_effect", "hormonal_symptoms", "sstr_positive", "sex", "primary_site"])
def test_facts_that_change_nothing_for_type_1_are_not_missed(name: str) -> None:
    assert decide([10.0], [1], facts={name: None}).missing == ()


@pytest.mark.parametrize(
    "name",
    ["fit_for_surgery", "carcinoid_heart_disease", "extrahepatic", "differentiation", "rapid_progression"],
)
@pytest.mark.parametrize(("volumes", "cleared"), [([10.0], [1]), (MANY, range(1, 9))])
def test_facts_that_may_forbid_an_operation_are_missed(
    name: str, volumes: list[float], cleared: list[int]
) -> None:
    found = decide(volumes, cleared, facts={name: None})
    assert (found.missing, found.provisional) == ((name,), True)
    assert found.management[0].text.startswith("Not known, to be settled first:")


def test_either_grade_or_ki67_is_enough() -> None:
    assert decide([10.0], [1], facts={"grade": None}).missing == ()
    assert decide([10.0], [1], facts={"ki67_percent": None}).missing == ()
    assert decide([10.0], [1], facts={"grade": None, "ki67_percent": None}).missing == ("grade",)


def test_the_quality_of_the_liver_is_missed_only_when_the_remnant_could_be_too_small() -> None:
    unknown = {"liver_quality": None}
    assert decide([10.0], [1], facts=unknown).missing == ()
    # 40 % of the standard liver of 1740 mL, were it a cirrhosis, is 696 mL.
    assert decide([10.0], [1], facts=unknown, flr_ml=697.0).missing == ()
    assert decide([10.0], [1], facts=unknown, flr_ml=695.0).missing == ("liver_quality",)
    own = Settings.model_validate({"flr": {"minimum_percent": 50, "minimum_standardized_percent": 50}})
    assert decide([10.0], [1], facts=unknown, flr_ml=695.0, settings=own).missing == ()


def test_the_body_size_is_missed_only_when_the_remnant_could_be_too_small() -> None:
    unknown = {"height_cm": None, "weight_kg": None}
    assert decide([10.0], [1], facts=unknown).missing == ()
    # 0.5 % of a body weight of 150 kg is 750 mL.
    assert decide([10.0], [1], facts=unknown, flr_ml=740.0).missing == ("weight_kg",)
    assert decide([10.0], [1], facts=unknown, flr_ml=500.0).missing == ("height_cm", "weight_kg")


def test_only_a_major_resection_reaches_the_threshold() -> None:
    found = decide(MANY, [1, 2], also_by_major=range(3, 10))
    assert (found.type, found.provisional) == (3, True)
    said = [reason.text for reason in found.reasons if reason.evidence == "only-major-resection"]
    assert said
    assert said[0].startswith("The threshold only with a major resection: 90.0 % (>= 70 %)")
    assert ("With a major resection (90.0 % debulking)", 2) in [
        (c.change, c.type) for c in found.counterfactuals
    ]
    assert "Decide on the major resection first" in " ".join(s.text for s in found.management)


def test_only_a_major_resection_clears_limited_disease() -> None:
    for cleared, expected in (([1, 2, 3], 2), ([], 3)):
        found = decide([10.0] * 4, cleared, also_by_major=[1, 2, 3, 4])
        assert (found.type, found.provisional) == (expected, True)
        said = [reason.text for reason in found.reasons if reason.evidence == "only-major-resection"]
        assert said
        assert said[0].startswith("Complete clearance only with a major resection")


def test_a_major_resection_that_changes_no_type_leaves_it_firm() -> None:
    assert not decide(MANY, range(1, 8), also_by_major=[8, 9, 10]).provisional
    assert not decide(MANY, [1], also_by_major=[2, 3]).provisional


@pytest.mark.parametrize(
    ("volumes", "cleared", "wanted"),
    [(MANY, range(1, 8), False), (MANY, [1], True), ([10.0] * 4, [1, 2, 3], True), ([10.0], [1], False)],
)
def test_without_segments_the_type_is_provisional_where_they_could_change_it(
    volumes: list[float], cleared: Sequence[int], wanted: bool
) -> None:
    found = decide(volumes, cleared, segmented=False)
    said = " ".join(reason.text for reason in found.reasons)
    assert found.provisional is wanted
    assert ("anatomical resections, which might clear more" in said) is wanted
    assert "any resection the remnant allows" not in said
    off = Settings.model_validate({"resection": {"anatomical": False}})
    assert not decide(volumes, cleared, segmented=False, settings=off).provisional


def test_a_maximum_plan_that_clears_less_never_counts() -> None:
    worse = plan(MANY, [1], "maximum", status="feasible")
    assert not decide(MANY, range(1, 8), maximum=worse).provisional


@pytest.mark.parametrize(
    ("cleared", "bound", "provisional"),
    [(range(1, 7), 69.0, False), (range(1, 7), 70.0, True), (range(1, 9), 95.0, False)],
)
def test_an_unproven_plan_is_said_and_provisional_when_its_bound_crosses(
    cleared: range, bound: float, provisional: bool
) -> None:
    found = decide(MANY, cleared, status="feasible", bound_percent=bound)
    assert found.provisional is provisional
    (said,) = [reason.text for reason in found.reasons if reason.evidence == "not-proven-optimal"]
    assert f"no plan clears more than {bound:.1f} %" in said
    assert ("The Type is provisional" in said) is provisional


def test_an_unproven_plan_that_may_clear_all_of_a_limited_number_is_provisional() -> None:
    assert decide([10.0] * 4, [1, 2, 3], status="feasible", bound_percent=100.0).provisional
    assert not decide([10.0] * 4, [1, 2, 3], status="feasible", bound_percent=99.0).provisional
    assert decide([10.0] * 4, [1, 2, 3], status="feasible", bound_percent=None).provisional
    assert not decide([10.0] * 4, [1, 2, 3, 4], status="feasible", bound_percent=None).provisional


def test_an_infeasible_plan_debulks_nothing_and_names_the_remnant() -> None:
    found = decide(MANY, [], status="infeasible", bound_percent=None)
    assert found.type == 3
    assert found.reasons[0].text == "No plan keeps the minimum remnant: nothing can be debulked."
    assert [c.text for c in found.contraindications] == [
        "Inadequate remnant: no plan keeps the minimum remnant."
    ]


def test_lesion_ids_need_not_be_1_to_n() -> None:
    odd = [lesion(7, 10.0), lesion(40, 20.0)]
    both = replace(plan([10.0, 20.0], [1, 2]), cleared=(7, 40))
    assert decide([10.0, 20.0], [], lesions=odd, sparing=both, maximum=both).type == 1
    one = replace(both, cleared=(7, 1), residual=(40,))
    assert decide([10.0, 20.0], [], lesions=odd, sparing=one, maximum=one).type == 2
