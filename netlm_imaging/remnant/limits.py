"""The minimums that the future liver remnant must keep, each in its own denominator."""

from __future__ import annotations

from dataclasses import dataclass

from netlm_imaging.clinical import Clinical, LiverQuality
from netlm_imaging.errors import Notice
from netlm_imaging.remnant.body import etlv_ml
from netlm_imaging.remnant.records import FlrLimit, MinimumName
from netlm_imaging.settings import FlrSettings


@dataclass(frozen=True, slots=True)
class PublishedMinimum:
    """A minimum in percent and the evidence entry behind it."""

    percent: float
    evidence: str
    borrowed: bool = False


STANDARDIZED: dict[LiverQuality, PublishedMinimum] = {
    "normal": PublishedMinimum(20.0, "sflr-normal-kishi-2009"),
    "chemotherapy": PublishedMinimum(30.0, "sflr-chemotherapy-shindoh-2013"),
    "steatosis": PublishedMinimum(30.0, "sflr-chemotherapy-shindoh-2013"),
    "cirrhosis": PublishedMinimum(40.0, "flr-cirrhosis-azoulay-2000", borrowed=True),
}
"""Percent of the standard liver volume (sFLR)."""
MEASURED: dict[LiverQuality, PublishedMinimum] = {
    "normal": PublishedMinimum(25.0, "flr-normal-shoup-schindl"),
    "chemotherapy": PublishedMinimum(30.0, "sflr-chemotherapy-shindoh-2013", borrowed=True),
    "steatosis": PublishedMinimum(30.0, "sflr-chemotherapy-shindoh-2013", borrowed=True),
    "cirrhosis": PublishedMinimum(40.0, "flr-cirrhosis-azoulay-2000"),
}
"""Percent of the functional liver measured in this patient (FLR %)."""
ASSUMED_QUALITY: LiverQuality = "normal"
BODY_WEIGHT_EVIDENCE = "flr-body-weight-truant-2007"


def flr_limits(functional_ml: float, *, clinical: Clinical, settings: FlrSettings) -> tuple[FlrLimit, ...]:
    """Every minimum whose inputs are there, the leading one first (clinical-rules 2).

    sFLR leads where height and weight are known, then FLR % of ``functional_ml``, then FLR per body
    weight (1 mL taken as 1 g). A minimum set by the user replaces the published one. Without
    ``clinical.liver_quality`` the minimums of a normal liver are taken and marked provisional.
    """
    quality = clinical.liver_quality
    standard_ml = etlv_ml(clinical)
    limits = []
    if standard_ml is not None:
        chosen = settings.minimum_standardized_percent
        limits.append(_by_quality("sflr_percent", STANDARDIZED, quality, chosen, standard_ml))
    limits.append(_by_quality("flr_percent", MEASURED, quality, settings.minimum_percent, functional_ml))
    if clinical.weight_kg is not None:
        limits.append(_body_weight(settings.minimum_body_weight_percent, clinical.weight_kg))
    return tuple(limits)


def flr_notices(*, clinical: Clinical, settings: FlrSettings) -> tuple[Notice, ...]:
    """What must be said beside the limits: which of them assume the liver's quality."""
    assumed = []
    if clinical.liver_quality is None:
        if settings.minimum_standardized_percent is None and etlv_ml(clinical) is not None:
            assumed.append(f"{STANDARDIZED[ASSUMED_QUALITY].percent:.0f} % standardized")
        if settings.minimum_percent is None:
            assumed.append(f"{MEASURED[ASSUMED_QUALITY].percent:.0f} % measured")
    if not assumed:
        return ()
    message = (
        "The quality of the liver is not known: the minimum remnant of a normal liver "
        f"({', '.join(assumed)}) is assumed. After chemotherapy, in steatosis or cirrhosis it is higher."
    )
    return (Notice(code="LIVER_QUALITY_UNKNOWN", message=message, where="clinical facts"),)


def _by_quality(
    name: MinimumName,
    published: dict[LiverQuality, PublishedMinimum],
    quality: LiverQuality | None,
    chosen_percent: float | None,
    denominator_ml: float,
) -> FlrLimit:
    if chosen_percent is not None:
        ml = chosen_percent / 100.0 * denominator_ml
        return FlrLimit(name=name, minimum=chosen_percent, minimum_ml=ml, source="settings")
    minimum = published[quality or ASSUMED_QUALITY]
    return FlrLimit(
        name=name,
        minimum=minimum.percent,
        minimum_ml=minimum.percent / 100.0 * denominator_ml,
        source=minimum.evidence,
        borrowed=minimum.borrowed,
        provisional=quality is None,
    )


def _body_weight(minimum_percent: float, weight_kg: float) -> FlrLimit:
    own = minimum_percent != FlrSettings().minimum_body_weight_percent
    return FlrLimit(
        name="flr_body_weight_percent",
        minimum=minimum_percent,
        minimum_ml=minimum_percent / 100.0 * weight_kg * 1000.0,
        source="settings" if own else BODY_WEIGHT_EVIDENCE,
    )
