"""Growth of the remnant after portal vein embolization (PVE): projection and safety cut-offs."""

from __future__ import annotations

from dataclasses import dataclass

# Points of sFLR, mean and SD (PMC6414468, n = 48).
FIRST_WEEK_POINTS = (5.4, 4.0)
LATER_WEEK_POINTS = (1.5, 2.0)
MOST_POINTS = 10.0
"""About 10 points in about six weeks, then no more (PMC6700017)."""
NEVER_REACH_SURGERY_PERCENT = (20.0, 40.0)
"""Patients who never come to the resection (Heil & Schadde 2020)."""

# Predictors of a safe resection (Shindoh, J Am Coll Surg 2013).
SAFE_SFLR_PERCENT = 30.0
SAFE_DEGREE_POINTS = 7.5
SAFE_RATE_POINTS_PER_WEEK = 2.0
"""A safety cut-off, never a forecast."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GrowthProjection:
    """sFLR after PVE in percent: a range of one standard deviation, and its middle."""

    weeks: float
    low_percent: float
    expected_percent: float
    high_percent: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Hypertrophy:
    """Measured growth between two sFLR, against the cut-offs of safety."""

    degree_points: float
    rate_points_per_week: float
    sflr_sufficient: bool
    degree_sufficient: bool
    rate_sufficient: bool


def project_growth(sflr_percent: float, *, weeks: float) -> GrowthProjection:
    """sFLR expected ``weeks`` after PVE. Raises ValueError for negative weeks.

    5.4 +- 4 points in the first week, 1.5 +- 2 in each week after it, at most 10 points in all. The
    deviations are added up as if they always went together: the widest, most careful range.
    """
    if weeks < 0:
        raise ValueError(f"weeks must not be negative, got {weeks}")
    first, later = min(weeks, 1.0), max(weeks - 1.0, 0.0)

    def grown(deviations: float) -> float:
        per_week = [max(0.0, mean + deviations * sd) for mean, sd in (FIRST_WEEK_POINTS, LATER_WEEK_POINTS)]
        return sflr_percent + min(MOST_POINTS, first * per_week[0] + later * per_week[1])

    return GrowthProjection(
        weeks=weeks, low_percent=grown(-1.0), expected_percent=grown(0.0), high_percent=grown(1.0)
    )


def hypertrophy(*, sflr_before_percent: float, sflr_after_percent: float, weeks: float) -> Hypertrophy:
    """Degree of hypertrophy (points) and kinetic growth rate (points a week) after PVE.

    Raises ValueError unless ``weeks`` is positive.
    """
    if weeks <= 0:
        raise ValueError(f"weeks must be positive, got {weeks}")
    degree = sflr_after_percent - sflr_before_percent
    rate = degree / weeks
    return Hypertrophy(
        degree_points=degree,
        rate_points_per_week=rate,
        sflr_sufficient=sflr_after_percent >= SAFE_SFLR_PERCENT,
        degree_sufficient=degree >= SAFE_DEGREE_POINTS,
        rate_sufficient=rate >= SAFE_RATE_POINTS_PER_WEEK,
    )
