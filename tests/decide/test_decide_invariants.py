"""A thousand random cases: nothing raises, and what must hold does."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from random import Random
from typing import Any, get_args

import pytest
from decide.cases import FULL_FACTS, decide, minimum
from hypothesis import given
from hypothesis import strategies as st

from netlm_imaging.clinical import Clinical, LiverQuality
from netlm_imaging.decide import Classification, evidence
from netlm_imaging.decide.rule import Facts, type_of

FACTS: dict[str, Callable[[Random], Any]] = {
    "height_cm": lambda rng: rng.uniform(30, 260),
    "weight_kg": lambda rng: rng.uniform(2, 700),
    "liver_quality": lambda rng: rng.choice(get_args(LiverQuality)),
    "differentiation": lambda rng: rng.choice(["well", "poor"]),
    "grade": lambda rng: rng.randint(1, 3),
    "ki67_percent": lambda rng: rng.uniform(0, 100),
    "extrahepatic": lambda rng: rng.choice(["none", "limited", "peritoneal", "extensive"]),
    "fit_for_surgery": lambda rng: rng.random() < 0.7,
    "carcinoid_heart_disease": lambda rng: rng.random() < 0.3,
    "rapid_progression": lambda rng: rng.random() < 0.3,
    "mass_effect": lambda rng: rng.choice(["none", "profound"]),
    "hormonal_symptoms": lambda rng: rng.choice(["none", "controlled", "uncontrolled"]),
    "primary_site": lambda rng: rng.choice(["ileum", "lung", "", "elsewhere"]),
    "primary_resected": lambda rng: rng.random() < 0.5,
    "sstr_positive": lambda rng: rng.random() < 0.5,
    "symptomatic_lesions": lambda rng: (1, 99),
}
AGAINST_SURGERY = (
    "differentiation",
    "grade",
    "ki67_percent",
    "extrahepatic",
    "fit_for_surgery",
    "carcinoid_heart_disease",
    "rapid_progression",
)


def random_case(seed: int) -> dict[str, Any]:
    rng = Random(seed)
    volumes = [rng.uniform(0.01, 400.0) for _ in range(rng.randint(0, 9))]
    numbers = range(1, len(volumes) + 1)
    certainty, reach, major = rng.random(), rng.random() ** 0.3, rng.random()
    left = rng.uniform(0, 90)
    return {
        "volumes_ml": volumes,
        "cleared": [n for n in numbers if rng.random() < reach],
        "also_by_major": [n for n in numbers if rng.random() < major],
        "facts": {name: make(rng) if rng.random() < certainty else None for name, make in FACTS.items()},
        "bilobar": rng.choice([None, True, False]),
        "status": rng.choice(["optimal", "feasible", "infeasible"]),
        "bound_percent": rng.choice([None, rng.uniform(0, 100)]),
        "flr_ml": rng.uniform(0, 2000),
        "minimums": (minimum("sflr_percent", 20.0, left, binding=rng.random() < 0.3),),
    }


@pytest.mark.parametrize("block", range(10))
def test_any_case_gets_an_honest_answer(block: int) -> None:
    for seed in range(100 * block, 100 * block + 100):
        case = random_case(seed)
        check_answer(decide(**case), case)


def check_answer(found: Classification, case: dict[str, Any]) -> None:
    assert (found.type is None) == (not case["volumes_ml"])
    assert found.provisional or not found.missing
    assert all(case["facts"].get(name) in (None, ()) for name in found.missing)
    assert set(found.missing) <= set(Clinical.model_fields)
    statements = (*found.reasons, *found.contraindications, *found.management)
    assert all(s.evidence in evidence() for s in statements)
    assert all(s.text.endswith(".") and "  " not in s.text and "None" not in s.text for s in statements)
    assert all(c.type != found.type for c in found.counterfactuals)
    assert len({c.change for c in found.counterfactuals}) == len(found.counterfactuals)
    assert found.management[-1].evidence == "unseen-disease"


def test_the_random_cases_are_of_every_type_and_certainty() -> None:
    found = [decide(**random_case(seed)) for seed in range(1000)]
    assert {c.type for c in found} == {None, 1, 2, 3, 4}
    assert {(c.provisional, bool(c.contraindications)) for c in found} == set(
        product([True, False], repeat=2)
    )


def test_contraindications_never_change_the_type() -> None:
    for case in map(random_case, range(300)):
        free = case["facts"] | {name: FULL_FACTS[name] for name in AGAINST_SURGERY}
        assert decide(**case).type == decide(**case | {"facts": free}).type


def test_a_fact_once_known_is_not_missing_any_more() -> None:
    for case in map(random_case, range(300)):
        found = decide(**case)
        known = case["facts"] | {name: FULL_FACTS[name] for name in found.missing}
        assert not set(found.missing) & set(decide(**case | {"facts": known}).missing)


@given(
    st.integers(1, 12),
    st.tuples(st.floats(0, 100), st.floats(0, 100)),
    st.sampled_from([None, "none", "profound"]),
    st.sampled_from([None, "none", "controlled", "uncontrolled"]),
)
def test_more_debulking_never_gives_a_worse_type(
    count: int, percents: tuple[float, float], mass_effect: Any, hormonal: Any
) -> None:
    less, more = (
        type_of(
            Facts(
                count=count,
                debulking_percent=percent,
                complete=percent == 100.0,
                mass_effect=mass_effect,
                hormonal_symptoms=hormonal,
                threshold_percent=70.0,
                limited_max_lesions=5,
            )
        )
        for percent in sorted(percents)
    )
    assert less is not None
    assert more is not None
    assert more <= less


@pytest.mark.parametrize("mass_effect", [None, "none", "profound"])
@pytest.mark.parametrize("hormonal", [None, "none", "controlled", "uncontrolled"])
def test_symptoms_decide_between_3_and_4_alone(mass_effect: str | None, hormonal: str | None) -> None:
    found = decide([10.0] * 10, [1], facts={"mass_effect": mass_effect, "hormonal_symptoms": hormonal})
    profound = mass_effect == "profound" or hormonal == "uncontrolled"
    assert found.type == (4 if profound else 3)
    unknown = not profound and None in (mass_effect, hormonal)
    assert found.provisional is unknown
