"""Figures for radioembolization (TARE) and transplantation: estimates, never an order (clinical-rules 7)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from netlm_imaging.anatomy import LEFT_SEGMENTS, RIGHT_SEGMENTS
from netlm_imaging.clinical import Clinical
from netlm_imaging.decide.contraindications import high_grade_limit_percent
from netlm_imaging.decide.evidence import evidence
from netlm_imaging.lesions.records import Lesion, LiverVolumes

GBQ_GY_KG = 50.0
"""Gray that 1 GBq of Y-90 gives to 1 kg of tissue (Kao 2013)."""

PORTAL_SITES = frozenset(
    {"pancreas", "stomach", "duodenum", "jejunum", "ileum", "small bowel", "small intestine", "midgut"}
    | {"appendix", "cecum", "colon"}
)
OTHER_SITES = frozenset({"lung", "bronchus", "thymus", "kidney", "ovary", "breast", "thyroid"})

LungVerdict = Literal["unrestricted", "reduce", "refuse"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ResinActivities:
    """Activities in GBq; a lobe is None where the segments are not known. Segment I is in neither lobe."""

    whole_gbq: float
    right_gbq: float | None
    left_gbq: float | None


def resin_activity_gbq(*, bsa_m2: float, tumor_ml: float, liver_ml: float) -> float:
    """Resin microspheres for the whole liver by body surface area (tare-resin-bsa)."""
    return (bsa_m2 - 0.2) + tumor_ml / liver_ml


def lobar_resin_activity_gbq(
    *, bsa_m2: float, treated_ml: float, treated_tumor_ml: float, liver_ml: float
) -> float:
    """Resin microspheres for a part of the liver by body surface area (tare-resin-bsa)."""
    return (bsa_m2 - 0.2) * treated_ml / liver_ml + treated_tumor_ml / liver_ml


def glass_activity_gbq(*, dose_gy: float, mass_kg: float, lung_shunt_fraction: float) -> float:
    """Glass microspheres for a dose to the perfused volume (tare-glass).

    Raises ValueError unless the lung shunt fraction is in [0, 1).
    """
    return dose_gy * mass_kg / GBQ_GY_KG / (1.0 - _fraction(lung_shunt_fraction))


def partition_tumor_dose_gy(
    *,
    activity_gbq: float,
    lung_shunt_fraction: float,
    tumor_to_normal_ratio: float,
    tumor_kg: float,
    normal_kg: float,
) -> float:
    """Dose to the tumor by the partition model (tare-partition). Raises ValueError as glass does."""
    reaching = GBQ_GY_KG * activity_gbq * (1.0 - _fraction(lung_shunt_fraction))
    return reaching * tumor_to_normal_ratio / (tumor_to_normal_ratio * tumor_kg + normal_kg)


def lung_verdict(lung_shunt_percent: float) -> LungVerdict:
    """Above 20 % shunt no treatment, from 10 % a reduced one (tare-lung)."""
    figures = evidence()["tare-lung"].figures
    if lung_shunt_percent > figures["refuse_above_percent"]:
        return "refuse"
    return "reduce" if lung_shunt_percent >= figures["reduce_from_percent"] else "unrestricted"


def resin_activities(*, bsa_m2: float, liver: LiverVolumes, lesions: tuple[Lesion, ...]) -> ResinActivities:
    """Resin activities for the whole liver and, where the segments are known, for each lobe."""

    def lobe(names: frozenset[str]) -> float | None:
        if not liver.segments:
            return None
        return lobar_resin_activity_gbq(
            bsa_m2=bsa_m2,
            treated_ml=sum(s.volume_ml for s in liver.segments if s.segment in names),
            treated_tumor_ml=sum(_tumor_ml(lesion, names) for lesion in lesions),
            liver_ml=liver.total_ml,
        )

    return ResinActivities(
        whole_gbq=resin_activity_gbq(bsa_m2=bsa_m2, tumor_ml=liver.tumor_ml, liver_ml=liver.total_ml),
        right_gbq=lobe(RIGHT_SEGMENTS),
        left_gbq=lobe(LEFT_SEGMENTS),
    )


def transplantation_checklist(clinical: Clinical, liver: LiverVolumes) -> dict[str, bool | None]:
    """What selects for transplantation: True met, False not met, None not known.

    No disease outside the liver (the paper) and the Milan criteria (transplantation-milan); six
    months of stability and the age are not among the facts, so they stay unknown.
    """
    figures = evidence()["transplantation-milan"].figures
    burden = f"tumor at most {figures['max_burden_percent']:g} % of the liver"
    return {
        "no disease outside the liver": _is(clinical.extrahepatic, "none"),
        "primary resected": clinical.primary_resected,
        "portal-drained primary": _portal_drained(clinical.primary_site),
        "low grade": _low_grade(clinical),
        burden: liver.burden_percent <= figures["max_burden_percent"],
        f"stable for {figures['stable_months']:g} months": None,
        f"age at most {figures['max_age_low']:g} to {figures['max_age_high']:g}": None,
    }


def _tumor_ml(lesion: Lesion, names: frozenset[str]) -> float:
    return lesion.volume_ml * sum(s.percent for s in lesion.segments if s.segment in names) / 100.0


def _fraction(value: float) -> float:
    if not 0.0 <= value < 1.0:
        raise ValueError(f"the lung shunt fraction must be in [0, 1), got {value}")
    return value


def _is(value: str | None, wanted: str) -> bool | None:
    return None if value is None else value == wanted


def _portal_drained(site: str | None) -> bool | None:
    name = (site or "").strip().lower()
    if name in PORTAL_SITES:
        return True
    return False if name in OTHER_SITES else None


def _low_grade(clinical: Clinical) -> bool | None:
    high_ki67 = clinical.ki67_percent is not None and clinical.ki67_percent > high_grade_limit_percent()
    if clinical.grade == 3 or high_ki67 or clinical.differentiation == "poor":
        return False
    return None if clinical.grade is None and clinical.ki67_percent is None else True
