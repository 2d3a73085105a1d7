"""Treatments that a surgeon draws: what was drawn, as it is kept in a plan file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Point = tuple[float, float, float]
"""x, y, z in LPS mm, or a direction in LPS."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawnAblation:
    """One zone of a device, put somewhere."""

    form: Literal["ablation"] = "ablation"
    device: str
    """Id in the catalogue or the settings."""
    center_lps_mm: Point
    """The middle of the zone."""
    axis_lps: Point
    """From the skin towards the tip; of any length."""
    across_lps: Point | None = None
    """Direction of the zone's second axis; None: any one across the probe."""
    lesions: tuple[int, ...] = ()
    """What it is meant for: the zone is the part that hangs together with these; empty: with its middle."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawnPlane:
    """All liver beyond a plane is resected."""

    form: Literal["plane"] = "plane"
    point_lps_mm: Point
    normal_lps: Point
    """Towards the side that is removed; of any length."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawnSurface:
    """All liver beyond a smooth surface is resected."""

    form: Literal["surface"] = "surface"
    points_lps_mm: tuple[Point, ...]
    """At least four, through which it runs; a thin-plate spline over their best-fit plane."""
    kept_lps_mm: Point
    """A point on the side that stays."""


Drawn = DrawnAblation | DrawnPlane | DrawnSurface
