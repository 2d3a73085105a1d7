"""Growth of the remnant after portal vein embolization (PVE): projection and safety cut-offs."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

# Points of sFLR, mean and SD (PMC6414468, n = 48).
FIRST_WEEK_POINTS = (5.4, 4.0)
LATER_WEEK_POINTS = (1.5, 2.0)
MOST_POINTS = 10.0
"""About 10 points in about six weeks, then no more (PMC6700017)."""
RATE_FACTOR = 2.0
"""Where the user sets the rate: the range is from half to twice of it (ours)."""
NEVER_REACH_SURGERY_PERCENT = (20.0, 40.0)
"""Patients who never come to the resection (Heil & Schadde 2020)."""

ROUNDING_POINTS = 1e-9
"""Growth that misses a minimum by rounding alone has reached it."""

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
class GrowthWeeks:
    """Whole weeks after PVE until the remnant has grown enough."""

    expected: int
    soonest: int
    latest: int | None
    """None: at the slow end of the range it never grows so much."""


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
    low, expected, high = (sflr_percent + grown_points(weeks, rate=rate) for rate in growth_rates(None))
    return GrowthProjection(weeks=weeks, low_percent=low, expected_percent=expected, high_percent=high)


def weeks_to_grow(points: float, *, points_per_week: float | None = None) -> GrowthWeeks | None:
    """Weeks until the remnant has grown by ``points`` of sFLR; None where growth is not expected to reach it.

    ``points_per_week`` None: the published growth, one standard deviation to both sides; else that rate,
    from half to twice of it. At most 10 points in all. Raises ValueError unless the rate is positive.
    """
    slow, middle, fast = growth_rates(points_per_week)
    expected, soonest = _weeks(points, middle), _weeks(points, fast)
    if expected is None or soonest is None:
        return None
    return GrowthWeeks(expected=expected, soonest=soonest, latest=_weeks(points, slow))


Rate = tuple[float, float]
"""Points of sFLR in the first week, and in each week after it."""


def growth_rates(points_per_week: float | None) -> tuple[Rate, Rate, Rate]:
    """The slow, the expected and the fast rate (see ``weeks_to_grow``)."""
    if points_per_week is None:
        return _published_rate(-1.0), _published_rate(0.0), _published_rate(1.0)
    if points_per_week <= 0:
        raise ValueError(f"points_per_week must be positive, got {points_per_week}")
    slow, fast = points_per_week / RATE_FACTOR, points_per_week * RATE_FACTOR
    return (slow, slow), (points_per_week, points_per_week), (fast, fast)


def grown_points(weeks: float, *, rate: Rate) -> float:
    """Points of sFLR that the remnant has grown ``weeks`` after PVE."""
    first, later = rate
    return min(MOST_POINTS, min(weeks, 1.0) * first + max(weeks - 1.0, 0.0) * later)


def expected_points(weeks: float, *, points_per_week: float | None = None) -> float:
    """Points of sFLR that the remnant is expected to have grown after ``weeks`` (see ``weeks_to_grow``)."""
    return grown_points(weeks, rate=growth_rates(points_per_week)[1])


def _published_rate(deviations: float) -> Rate:
    first, later = (max(0.0, mean + deviations * sd) for mean, sd in (FIRST_WEEK_POINTS, LATER_WEEK_POINTS))
    return first, later


def _weeks(points: float, rate: Rate) -> int | None:
    """Whole weeks until ``grown_points`` reaches ``points``."""
    first, later = rate
    if points <= ROUNDING_POINTS:
        return 0
    if points > MOST_POINTS + ROUNDING_POINTS:
        return None
    if points <= first + ROUNDING_POINTS:
        return 1
    if later <= 0.0:
        return None
    return 1 + ceil((points - first - ROUNDING_POINTS) / later)


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
