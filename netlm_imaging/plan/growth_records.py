"""Plans that need a larger remnant than there is today, as records."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from netlm_imaging.plan.records import Minimum, Plan

GrowthKind = Literal["pve", "two_stage"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """One operation of a projection and the remnant that it leaves."""

    after_weeks: int
    """Since portal vein embolization, at the expected growth; 0: today, without any growth."""
    treatments: tuple[str, ...]
    """Ids of the projection's plan."""
    interventions: int
    """Each zone of an ablation counts; the limit holds for each operation."""
    flr_ml: float
    minimums: tuple[Minimum, ...]
    """With the values after this operation."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GrowthPlan:
    """What could be cleared if the remnant grew after portal vein embolization (PVE).

    ``pve``: embolization, growth, then one operation. ``two_stage``: parenchymal-sparing treatments on
    the side that stays, embolization of the other side, growth, then its removal.
    """

    kind: GrowthKind
    procedure: str
    """The major resection in it."""
    embolized: str
    """Portal branches, on the patient's side: ``right portal branch``."""
    grows: Literal["left", "right"]
    """The patient's side that is not embolized."""
    plan: Plan
    """All treatments together, with the figures of today's volumes: its remnant is the one before growth."""
    needed_points: float
    """Growth until every minimum is met, in percent of ``reference_ml``."""
    reference_ml: float
    """Standard liver volume; functional liver where the body size is not known."""
    standardized: bool
    """``reference_ml`` is the standard liver volume."""
    points_per_week: float | None
    """As the user set it; None: the published growth."""
    weeks: int
    """Whole weeks after PVE until every minimum is met, at the expected growth; 0: no growth is needed."""
    weeks_low: int
    """The same at the fast end of the range."""
    weeks_high: int | None
    """The same at the slow end; None: never."""
    flr_percent_now: float
    """Remnant of ``plan`` in percent of today's functional liver."""
    flr_percent_then: float
    """The same after ``weeks`` of the expected growth."""
    stages: tuple[Stage, ...]
    """One operation, or two."""
