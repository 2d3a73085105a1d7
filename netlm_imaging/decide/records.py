"""The Type and what stands behind it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

NetlmType = Literal[1, 2, 3, 4]


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
