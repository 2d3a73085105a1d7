"""What is known of each lesion, and of all of them together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Side = Literal["right", "left", "both"]
SeenOn = Literal["mr", "ct", "pet"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentShare:
    """How much of a lesion lies in one Couinaud segment."""

    segment: str
    percent: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Uptake:
    """PET measures of one lesion (clinical-rules 5)."""

    suv_max: float
    suv_mean: float
    liver_ratio: float
    """SUVmax over the SUVmean of normal liver."""
    spleen_ratio: float | None
    """SUVmax over the SUVmean of the spleen (of the kidney where the spleen is absent)."""
    krenning: int
    """Krenning-like (PET), 0 to 4."""
    borderline: bool
    """Within 10 % of a border between two scores, or 3 and 4 could not be told apart."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lesion:
    """One lesion inside the liver; lengths in mm between surfaces, positions in LPS mm."""

    id: int
    volume_ml: float
    longest_diameter_mm: float
    equivalent_diameter_mm: float
    """Diameter of the sphere of the same volume."""
    centroid_lps_mm: tuple[float, float, float]
    side: Side | None = None
    """None when the segments are not known, and for a lesion of segment I alone."""
    segments: tuple[SegmentShare, ...] = ()
    """Largest share first."""
    seen_on: tuple[SeenOn, ...] = ()
    suv_max: float | None = None
    suv_mean: float | None = None
    suv_liver_ratio: float | None = None
    suv_spleen_ratio: float | None = None
    krenning: int | None = None
    krenning_borderline: bool | None = None
    capsule_distance_mm: float
    """From the lesion's near surface to the liver surface; 0 when they touch."""
    vessel_distance_mm: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentVolume:
    """Volume of one Couinaud segment, tumor included."""

    segment: str
    volume_ml: float


@dataclass(frozen=True, slots=True, kw_only=True)
class LiverVolumes:
    """Whole-liver volumes (clinical-rules 2)."""

    total_ml: float
    tumor_ml: float
    functional_ml: float
    burden_percent: float
    burden_class: Literal["<=10", "11-25", "26-50", ">50"]
    segments: tuple[SegmentVolume, ...] = ()
    method: str
    """Where the liver mask came from: ``given`` or the segmenter's name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pattern:
    """How the disease is spread (clinical-rules 1)."""

    count: int
    bilobar: bool | None
    segments_involved: tuple[str, ...]
    frilling: Literal["I", "II", "III"] | None
