"""The future liver remnant in all its denominators, and the minimums that apply."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

MinimumName = Literal["flr_percent", "sflr_percent", "flr_body_weight_percent"]


@dataclass(frozen=True, slots=True, kw_only=True)
class FlrLimit:
    """One minimum that applies to this patient."""

    name: MinimumName
    minimum: float
    """In percent of its own denominator."""
    minimum_ml: float
    """The same minimum as mL of functional remnant: what the planner obeys."""
    source: str
    """Id of an evidence entry, or ``settings``."""
    borrowed: bool = False
    """The published minimum belongs to the other denominator (clinical-rules 2)."""
    provisional: bool = False
    """The quality of the liver is not known: the minimum of a normal liver is assumed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Remnant:
    """What a plan leaves behind."""

    flr_ml: float
    flr_percent: float
    sflr_percent: float | None
    flr_body_weight_percent: float | None
