"""What follows from the Type, and what contraindications change in it."""

from __future__ import annotations

from typing import Any

import pytest
from decide.cases import decide, lesion, minimum, of_evidence, plan, texts

MANY = [10.0] * 10
CONTRAINDICATIONS: list[tuple[dict[str, Any], str]] = [
    ({"fit_for_surgery": False}, "Poor general health"),
    ({"carcinoid_heart_disease": True}, "Carcinoid heart disease."),
    ({"extrahepatic": "limited"}, "Limited disease outside the liver."),
    ({"extrahepatic": "peritoneal"}, "Peritoneal disease."),
    ({"extrahepatic": "extensive"}, "Extensive disease outside the liver."),
    ({"differentiation": "poor"}, "(NEC)"),
    ({"rapid_progression": True}, "Rapid progression."),
    ({"grade": 3}, "High grade (grade 3)."),
    ({"grade": None, "ki67_percent": 20.1}, "Ki-67 20.1 % (> 20 %)."),
    ({"ki67_percent": 30.0}, "although grade 1 is given"),
]


@pytest.mark.parametrize(("facts", "said"), CONTRAINDICATIONS)
@pytest.mark.parametrize(
    ("volumes", "cleared", "symptoms", "expected"),
    [
        ([10.0] * 3, [1, 2, 3], {}, 1),
        (MANY, range(1, 9), {}, 2),
        (MANY, [1], {}, 3),
        (MANY, [1], {"mass_effect": "profound"}, 4),
    ],
)
def test_contraindications_change_the_management_never_the_type(
    facts: dict[str, Any],
    said: str,
    volumes: list[float],
    cleared: list[int],
    symptoms: dict[str, Any],
    expected: int,
) -> None:
    free = decide(volumes, cleared, facts=symptoms)
    found = decide(volumes, cleared, facts=symptoms | facts)
    assert free.contraindications == ()
    assert found.type == free.type == expected
    assert found.reasons == free.reasons
    assert said in texts(found.contraindications)
    assert found.management != free.management


def test_ki67_at_20_is_not_high_grade() -> None:
    assert decide([10.0], [1], facts={"ki67_percent": 20.0}).contraindications == ()


@pytest.mark.parametrize(("volumes", "cleared"), [([10.0] * 3, [1, 2, 3]), (MANY, range(1, 9))])
def test_types_1_and_2_with_a_contraindication_get_the_options_of_type_3(
    volumes: list[float], cleared: list[int]
) -> None:
    found = decide(volumes, cleared, facts={"carcinoid_heart_disease": True})
    steps = texts(found.management)
    assert "liver-directed therapy" in steps
    assert "Cholecystectomy" not in steps
    assert "Debulk completely" not in steps
    which = "type-1-contraindicated" if found.type == 1 else "type-2-as-type-3"
    assert "carcinoid heart disease" in of_evidence(found.management, which)[0]


def test_type_1_by_the_paper() -> None:
    steps = decide([10.0, 20.0], [1, 2]).management
    assert of_evidence(steps, "type-1") == [
        "Debulk completely: 2 wedge resections.",
        "Resect the primary in the same operation, at the surgeon's discretion.",
    ]
    for always in ("cholecystectomy", "adequate-remnant", "pancreaticoduodenectomy", "unseen-disease"):
        assert len(of_evidence(steps, always)) == 1


def test_type_2_by_the_paper() -> None:
    steps = decide(MANY, range(1, 9)).management
    assert of_evidence(steps, "type-2") == [
        "Debulk 80.0 % of the tumor: 8 wedge resections.",
        "Resect the primary in the same operation or staged.",
    ]
    assert "sFLR 74.7 %" in of_evidence(steps, "adequate-remnant")[0]


def test_type_3_by_the_paper() -> None:
    steps = decide(MANY, [1]).management
    assert of_evidence(steps, "type-3") == [
        "No cytoreduction; liver-directed therapy (TAE, TACE or TARE with Y-90) or PRRT.",
        "Still evaluate resection of the primary.",
    ]
    assert "Cholecystectomy" not in texts(steps)
    assert of_evidence(steps, "hai-not-standard")


def test_type_4_names_the_symptomatic_lesions() -> None:
    profound = {"mass_effect": "profound"}
    (first,) = of_evidence(
        decide(MANY, [1], facts=profound | {"symptomatic_lesions": (2, 5)}).management, "type-4"
    )
    assert first == "Selected palliative debulking of the symptomatic lesions: lesions 2 and 5."
    (wrong,) = of_evidence(
        decide(MANY, [1], facts=profound | {"symptomatic_lesions": (2, 77)}).management, "type-4"
    )
    assert "Not in the lesion table: lesion 77." in wrong
    unknown = decide(MANY, [1], facts=profound | {"symptomatic_lesions": ()})
    assert unknown.missing == ("symptomatic_lesions",)
    assert "not known" in of_evidence(unknown.management, "type-4")[0]


def test_type_4_names_symptomatic_lesions_that_the_palliative_plan_leaves() -> None:
    facts = {"mass_effect": "profound", "symptomatic_lesions": (2, 5)}

    def said(cleared: list[int]) -> str:
        palliative = plan(MANY, cleared, "palliative")
        (first,) = of_evidence(decide(MANY, [1], facts=facts, palliative=palliative).management, "type-4")
        return first

    assert said([1, 2]).endswith("lesions 2 and 5. The palliative plan does not clear lesion 5.")
    assert said([2, 5]).endswith("lesions 2 and 5.")


@pytest.mark.parametrize(
    ("resected", "said"),
    [(True, None), (False, "Still evaluate"), (None, "If the primary is still in place")],
)
def test_the_primary(resected: bool | None, said: str | None) -> None:
    primary = of_evidence(decide(MANY, [1], facts={"primary_resected": resected}).management, "type-3")[1:]
    assert len(primary) == (0 if said is None else 1)
    if said:
        assert primary[0].startswith(said)


def test_pve_is_considered_where_the_remnant_is_small_and_only_there() -> None:
    assert of_evidence(decide(MANY, range(1, 9)).management, "pve-small-remnant") == []
    tight = (minimum("sflr_percent", 20.0, 20.4, binding=True),)
    steps = decide(MANY, range(1, 9), minimums=tight).management
    assert "(sFLR) below 20 % (this plan 20.4 %)" in of_evidence(steps, "pve-small-remnant")[0]
    assert of_evidence(steps, "pve-growth") == [
        "After PVE the sFLR may be 22 to 30 % at 4 weeks (now 20.4 %)."
    ]
    assert of_evidence(steps, "pve-drop-out")
    far = (minimum("sflr_percent", 20.0, 86.8, binding=True),)
    steps = decide(MANY, range(1, 9), minimums=far).management
    assert len(of_evidence(steps, "pve-small-remnant")) == 1
    assert of_evidence(steps, "pve-growth") == [], "a growth of this plan's remnant is beside the point"


def test_a_minimum_that_is_not_met_is_a_contraindication() -> None:
    found = decide(MANY, range(1, 9), minimums=(minimum("flr_percent", 25.0, 24.0),))
    assert texts(found.contraindications) == (
        "Inadequate remnant: remnant of the functional liver 24.0 % (< 25 %)."
    )
    assert found.type == 2


@pytest.mark.parametrize(
    ("expressed", "said"), [(True, "PRRT is possible"), (False, "No PRRT"), (None, "not known")]
)
def test_prrt_needs_receptors(expressed: bool | None, said: str) -> None:
    found = decide(MANY, [1], facts={"sstr_positive": expressed})
    assert said in of_evidence(found.management, "prrt-receptors")[0]
    assert ("sstr_positive" in found.missing) is (expressed is None)


def test_lesions_with_low_uptake_are_named() -> None:
    scored = [lesion(n, 10.0, krenning=score) for n, score in enumerate([1, 2, 3, 4, 0, 3, 3], start=1)]
    steps = decide([10.0] * 7, [1], lesions=scored).management
    assert of_evidence(steps, "prrt-uptake") == [
        "Uptake too low for PRRT by the Krenning-like score: lesions 1 and 5 score below 2 (EU label) "
        "and lesions 1, 2 and 5 score below 3 (usual practice)."
    ]
    high = [lesion(n, 10.0, krenning=3) for n in range(1, 8)]
    assert of_evidence(decide([10.0] * 7, [1], lesions=high).management, "prrt-uptake") == []


def test_limited_extrahepatic_disease_does_not_forbid_liver_directed_therapy() -> None:
    for extent, said in (("limited", 1), ("peritoneal", 0), ("none", 0)):
        steps = decide(MANY, [1], facts={"extrahepatic": extent}).management
        assert len(of_evidence(steps, "liver-directed-extrahepatic")) == said


def test_the_resin_activity_by_hand() -> None:
    """180 cm, 80 kg: DuBois 1.9964 m2. All 100 mL of tumor in VIII; VIII is 1000, II 560 of 1600 mL."""
    (said,) = of_evidence(decide(MANY, [1]).management, "tare-resin-bsa")
    whole = 1.7964 + 100 / 1600
    right = 1.7964 * 1000 / 1600 + 100 / 1600
    left = 1.7964 * 560 / 1600
    assert f"whole liver {whole:.2f} GBq, right lobe {right:.2f} GBq, left lobe {left:.2f} GBq" in said
    assert "never an order" in said
    assert of_evidence(decide(MANY, [1], facts={"weight_kg": None}).management, "tare-resin-bsa") == []


def test_transplantation_criteria() -> None:
    (failed,) = of_evidence(decide(MANY, [1]).management, "transplantation-milan")
    assert failed == "Criteria of liver transplantation that are not met: primary resected."
    (open_,) = of_evidence(decide(MANY, [1], facts={"primary_resected": True}).management, "transplantation")
    assert "Met: no disease outside the liver, primary resected, portal-drained primary, low grade" in open_
    assert "not known: stable for 6 months, age at most 55 to 60." in open_


@pytest.mark.parametrize(
    ("volumes", "bilobar", "minimums", "said"),
    [
        ([300.0], True, (), "lesion 1 (67 mm, 100 % of the tumor) alone decides"),
        (MANY, False, (), "disease in one lobe"),
        ([10.0] * 4, True, (), "4 lesions are not extensive disease"),
        (
            MANY,
            True,
            (minimum("flr_percent", 25.0, 25.5, binding=True),),
            "the remnant limits what can be cleared",
        ),
    ],
)
def test_what_does_not_fit_type_3_and_what_would_change_it(
    volumes: list[float], bilobar: bool, minimums: tuple[Any, ...], said: str
) -> None:
    found = decide(volumes, [], bilobar=bilobar, minimums=minimums)
    assert found.type == 3
    misfit = " ".join(of_evidence(found.reasons, "nearest-type"))
    assert said in misfit
    assert any(way in misfit for way in ("PVE", "two-stage", "PRRT"))


def test_a_textbook_type_3_fits_its_row() -> None:
    assert of_evidence(decide(MANY, [1]).reasons, "nearest-type") == []


def test_a_remnant_that_binds_only_the_maximum_plan_is_named_as_that_plan_s() -> None:
    tight = (minimum("sflr_percent", 20.0, 20.1, binding=True),)
    own = (minimum("sflr_percent", 20.0, 64.4),)
    found = decide(MANY, [1], minimums=own, maximum=plan(MANY, [1, 2], "maximum", minimums=tight))
    misfit = " ".join(of_evidence(found.reasons, "nearest-type"))
    assert (
        "clearing more by any resection would leave a standardized remnant (sFLR) below 20 % "
        "(the plan with any resection 20.1 %)" in misfit
    )
    assert "this plan" not in misfit
    (considered,) = of_evidence(found.management, "pve-small-remnant")
    assert considered.startswith("Consider portal vein embolization: clearing more by any resection would")
    assert of_evidence(found.management, "pve-growth") == [], "20.1 % is not what this plan leaves now"
