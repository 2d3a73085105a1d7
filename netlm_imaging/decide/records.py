"""The Type and what stands behind it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from netlm_imaging.plan.growth_records import GrowthPlan
from netlm_imaging.plan.records import Driver

NetlmType = Literal[1, 2, 3, 4]
TypeName = Literal["1", "2", "3", "4"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """A sentence and the id of the evidence entry behind it (decide/evidence.toml)."""

    text: str
    evidence: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Counterfactual:
    """What would have to change for another Type."""

    change: str
    type: NetlmType


@dataclass(frozen=True, slots=True, kw_only=True)
class Projection(GrowthPlan):
    """What a larger remnant would allow, with the Type that it would give. A projection, never the plan."""

    type: NetlmType | None
    text: str
    assumptions: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Classification:
    """Type 1-4 (Mahuron & Singh, J Clin Med 2023;12:2456) with reasons."""

    type: NetlmType | None
    """None without measurable disease in the liver."""
    provisional: bool
    """The Type or its management may change: facts are missing, or the plan leaves it open."""
    missing: tuple[str, ...]
    """Names of clinical facts that could change the Type or its management and are unknown."""
    reasons: tuple[Statement, ...]
    contraindications: tuple[Statement, ...]
    management: tuple[Statement, ...]
    counterfactuals: tuple[Counterfactual, ...]
    gray_band: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Uncertainty:
    """Spread of the plan's figures under the errors of contours, zones, their places and unseen lesions.

    Probabilities from 0 to 1, as shares of the draws; quantiles are values that were drawn.
    """

    draws: int
    debulking_p05: float
    """By lesion, as the two below."""
    debulking_p50: float
    debulking_p95: float
    debulking_by_volume_p05: float
    debulking_by_volume_p50: float
    debulking_by_volume_p95: float
    probability_threshold_met: float
    flr_percent_p05: float
    flr_percent_p50: float
    flr_percent_p95: float
    probability_minimums_met: float
    """Every minimum of the remnant is kept."""
    type_probabilities: dict[TypeName, float]
    """Of the parenchymal-sparing plan, which decides the Type."""
    drivers: tuple[Driver, ...]
    """What drives the spread of the debulking by lesion, the largest first."""
