"""Cases made of volumes and facts, for the decision alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from netlm_imaging.clinical import Clinical
from netlm_imaging.decide import Classification, Projection, classify
from netlm_imaging.lesions.burden import burden_class
from netlm_imaging.lesions.records import Lesion, LiverVolumes, Pattern, SegmentShare, SegmentVolume
from netlm_imaging.plan.records import Minimum, Plan, Treatment
from netlm_imaging.settings import Settings

FULL_FACTS: dict[str, Any] = {
    "height_cm": 180.0,
    "weight_kg": 80.0,
    "sex": "female",
    "liver_quality": "normal",
    "differentiation": "well",
    "grade": 1,
    "ki67_percent": 2.0,
    "extrahepatic": "none",
    "fit_for_surgery": True,
    "carcinoid_heart_disease": False,
    "rapid_progression": False,
    "mass_effect": "none",
    "hormonal_symptoms": "controlled",
    "primary_site": "ileum",
    "primary_resected": False,
    "sstr_positive": True,
    "symptomatic_lesions": (1,),
}
"""Everything known, nothing against an operation."""


def lesion(number: int, volume_ml: float, *, segment: str = "VIII", **more: Any) -> Lesion:
    return Lesion(
        id=number,
        volume_ml=volume_ml,
        longest_diameter_mm=10 * volume_ml ** (1 / 3),
        equivalent_diameter_mm=12.4 * volume_ml ** (1 / 3),
        centroid_lps_mm=(10.0, 20.0, 30.0),
        segments=(SegmentShare(segment=segment, percent=100.0),),
        capsule_distance_mm=4.0,
        **more,
    )


def plan(
    volumes_ml: Sequence[float], cleared: Sequence[int], objective: str = "sparing", **more: Any
) -> Plan:
    """A plan that clears the lesions numbered ``cleared``; debulking follows from the volumes."""
    total = sum(volumes_ml)
    done = 100.0 * sum(volumes_ml[n - 1] for n in cleared) / total if total else 0.0
    values: dict[str, Any] = {
        "objective": objective,
        "status": "optimal",
        "bound_percent": done,
        "debulking_percent": done,
        "debulking_percent_by_volume": done,
        "cleared": tuple(cleared),
        "residual": tuple(n + 1 for n in range(len(volumes_ml)) if n + 1 not in cleared),
        "treatments": tuple(treatment(n) for n in cleared),
        "flr_ml": 1300.0,
        "flr_percent": 90.0,
        "sflr_percent": 74.7,
        "flr_body_weight_percent": 1.6,
        "minimums": (minimum("flr_percent", 25.0, 90.0),),
        "parenchyma_lost_ml": 20.0,
    }
    return Plan(**values | more)


def treatment(number: int, kind: str = "wedge") -> Treatment:
    name = f"Treatment of lesion {number}"
    return Treatment(
        id=f"t{number}", kind=kind, name=name, lesions=(number,), parenchyma_ml=5.0, tumor_ml=5.0
    )


def minimum(name: str, least: float, value: float, *, binding: bool = False) -> Minimum:
    return Minimum(name=name, minimum=least, value=value, binding=binding)


def decide(
    volumes_ml: Sequence[float],
    cleared: Sequence[int],
    *,
    also_by_major: Sequence[int] = (),
    facts: dict[str, Any] | None = None,
    settings: Settings | None = None,
    bilobar: bool | None = True,
    lesions: Sequence[Lesion] | None = None,
    sparing: Plan | None = None,
    maximum: Plan | None = None,
    palliative: Plan | None = None,
    projections: tuple[Projection, ...] | None = None,
    segmented: bool = True,
    **of_plan: Any,
) -> Classification:
    """Classify lesions 1, 2, ... of these volumes; facts replace or (None) remove those of FULL_FACTS."""
    tumor_ml = float(sum(volumes_ml))
    known = {k: v for k, v in (FULL_FACTS | (facts or {})).items() if v is not None}
    return classify(
        lesions=lesions or [lesion(n + 1, v) for n, v in enumerate(volumes_ml)],
        liver=liver(tumor_ml) if segmented else replace(liver(tumor_ml), segments=()),
        pattern=Pattern(count=len(volumes_ml), bilobar=bilobar, segments_involved=("VIII",), frilling=None),
        plan=sparing or plan(volumes_ml, cleared, **of_plan),
        maximum=maximum or plan(volumes_ml, sorted({*cleared, *also_by_major}), "maximum"),
        clinical=Clinical(**known),
        settings=settings or Settings(),
        palliative=palliative,
        projections=projections,
    )


def liver(tumor_ml: float, total_ml: float = 1600.0) -> LiverVolumes:
    percent = 100.0 * tumor_ml / total_ml
    return LiverVolumes(
        total_ml=total_ml,
        tumor_ml=tumor_ml,
        functional_ml=total_ml - tumor_ml,
        burden_percent=percent,
        burden_class=burden_class(percent),
        segments=(
            SegmentVolume(segment="I", volume_ml=40.0),
            SegmentVolume(segment="II", volume_ml=560.0),
            SegmentVolume(segment="VIII", volume_ml=1000.0),
        ),
        method="given",
    )


def texts(statements: Sequence[Any]) -> str:
    """All sentences as one text."""
    return " ".join(statement.text for statement in statements)


def of_evidence(statements: Sequence[Any], evidence: str) -> list[str]:
    """The sentences that rest on one entry."""
    return [statement.text for statement in statements if statement.evidence == evidence]
