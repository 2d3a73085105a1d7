"""What the draws of a plan say: quantiles, the threshold, the Type in every draw."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from typing import get_args

import numpy as np

from netlm_imaging.clinical import Clinical
from netlm_imaging.decide.records import NetlmType, TypeName, Uncertainty
from netlm_imaging.decide.rule import PERCENT_TOLERANCE, Facts, type_of
from netlm_imaging.geometry import FloatArray
from netlm_imaging.plan.uncertainty import Draws
from netlm_imaging.settings import TypeSettings


def uncertainty(draws: Draws, *, deciding: Draws, clinical: Clinical, settings: TypeSettings) -> Uncertainty:
    """Sum up ``draws`` of the chosen plan and ``deciding`` ones of the parenchymal-sparing plan."""
    low, middle, high = _quantiles(draws.debulking_percent)
    low_volume, middle_volume, high_volume = _quantiles(draws.debulking_percent_by_volume)
    low_flr, middle_flr, high_flr = _quantiles(draws.remnant.flr_percent)
    threshold = settings.debulking_threshold_percent - PERCENT_TOLERANCE
    return Uncertainty(
        draws=draws.debulking_percent.size,
        debulking_p05=low,
        debulking_p50=middle,
        debulking_p95=high,
        debulking_by_volume_p05=low_volume,
        debulking_by_volume_p50=middle_volume,
        debulking_by_volume_p95=high_volume,
        probability_threshold_met=float((draws.debulking_percent >= threshold).mean()),
        flr_percent_p05=low_flr,
        flr_percent_p50=middle_flr,
        flr_percent_p95=high_flr,
        probability_minimums_met=float(draws.remnant.minimums_met.mean()),
        type_probabilities=_types(deciding, clinical, settings),
        drivers=draws.drivers,
    )


def _quantiles(values: FloatArray) -> tuple[float, float, float]:
    """5, 50 and 95 %: values that were drawn, for between two of them may lie nothing that can happen."""
    low, middle, high = np.quantile(values, [0.05, 0.5, 0.95], method="inverted_cdf").tolist()
    return low, middle, high


def _types(draws: Draws, clinical: Clinical, settings: TypeSettings) -> dict[TypeName, float]:
    """Share of the draws in which the rule gives each Type."""
    rows = zip(draws.count.tolist(), draws.debulking_percent.tolist(), draws.complete.tolist(), strict=True)
    known = _facts(clinical, settings)
    counts: Counter[NetlmType | None] = Counter(
        type_of(replace(known, count=int(count), debulking_percent=percent, complete=complete))
        for count, percent, complete in rows
    )
    names: tuple[TypeName, ...] = get_args(TypeName)
    numbers: tuple[NetlmType, ...] = get_args(NetlmType)
    return {name: counts[n] / draws.count.size for name, n in zip(names, numbers, strict=True)}


def _facts(clinical: Clinical, settings: TypeSettings) -> Facts:
    """What is the same in every draw; nothing is cleared."""
    return Facts(
        count=0,
        debulking_percent=0.0,
        complete=False,
        mass_effect=clinical.mass_effect,
        hormonal_symptoms=clinical.hormonal_symptoms,
        threshold_percent=settings.debulking_threshold_percent,
        limited_max_lesions=settings.limited_max_lesions,
    )


def under_other_symptoms(
    probabilities: Mapping[TypeName, float], clinical: Clinical, settings: TypeSettings
) -> dict[TypeName, float]:
    """The probability of each Type when other symptoms are known: they move Type 3 to 4 and back."""
    out_of_reach = probabilities["3"] + probabilities["4"]
    profound = bool(_facts(clinical, settings).profound_symptoms)
    moved: dict[TypeName, float] = {
        "3": 0.0 if profound else out_of_reach,
        "4": out_of_reach if profound else 0.0,
    }
    return {**probabilities, **moved}
