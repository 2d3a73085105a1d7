"""Every figure of the lesion table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from netlm_imaging.anatomy import LEFT_SEGMENTS, RIGHT_SEGMENTS, SEGMENT_NAMES, Anatomy, segment_name
from netlm_imaging.geometry import Grid
from netlm_imaging.lesions.diameter import longest_diameter_mm
from netlm_imaging.lesions.distances import Surface, capsule_of, vessel_surface
from netlm_imaging.lesions.records import Lesion, SeenOn, SegmentShare, Side, Uptake
from netlm_imaging.lesions.regions import Region, regions
from netlm_imaging.volume import LabelMap

SHARE_THAT_COUNTS_PERCENT = 5.0
"""A lesion lies in a segment or on a side when this much of it does (ours): less is the width of
the boundary between readers' segments."""
VOLUME_THAT_COUNTS_ML = 1.0
"""... or when this volume of it does, however large the lesion (ours)."""


@dataclass(frozen=True, slots=True, eq=False)
class Ruler:
    """What lesions are measured against: made once for a liver, its segments and its vessels."""

    grid: Grid
    segments: LabelMap | None
    capsule: Surface
    vessels: Surface | None

    @classmethod
    def of(cls, anatomy: Anatomy) -> Ruler:
        """From all of ``anatomy`` but its lesions."""
        return cls(
            grid=anatomy.grid,
            segments=anatomy.segments,
            capsule=capsule_of(anatomy.liver),
            vessels=vessel_surface(anatomy.vessels),
        )

    def lesion(
        self, region: Region, *, seen_on: tuple[SeenOn, ...] = (), pet: Uptake | None = None
    ) -> Lesion:
        """Every figure of one lesion, whose voxels lie inside the liver."""
        volume_ml = region.voxels * self.grid.voxel_ml
        shares = _segment_shares(region, self.segments)
        x, y, z = self.grid.to_patient(region.indices_kji().mean(axis=0)).tolist()
        return Lesion(
            id=region.label,
            volume_ml=volume_ml,
            longest_diameter_mm=longest_diameter_mm(region.mask, self.grid),
            equivalent_diameter_mm=equivalent_diameter_mm(volume_ml),
            centroid_lps_mm=(x, y, z),
            side=lesion_side(shares, volume_ml),
            segments=shares,
            seen_on=seen_on,
            suv_max=None if pet is None else pet.suv_max,
            suv_mean=None if pet is None else pet.suv_mean,
            suv_liver_ratio=None if pet is None else pet.liver_ratio,
            suv_spleen_ratio=None if pet is None else pet.spleen_ratio,
            krenning=None if pet is None else pet.krenning,
            krenning_borderline=None if pet is None else pet.borderline,
            capsule_distance_mm=self.capsule.gap_mm(region),
            vessel_distance_mm=None if self.vessels is None else self.vessels.gap_mm(region),
        )

    def located(self, lesion: Lesion, region: Region) -> Lesion:
        """``lesion``, of the voxels of ``region``, measured in other segments; the rest of it stays."""
        shares = _segment_shares(region, self.segments)
        return replace(lesion, segments=shares, side=lesion_side(shares, lesion.volume_ml))


def measure(
    anatomy: Anatomy,
    *,
    seen_on: Mapping[int, tuple[SeenOn, ...]] | None = None,
    uptake: Mapping[int, Uptake] | None = None,
) -> tuple[Lesion, ...]:
    """The lesion table, by ascending id.

    Volumes are voxel counts; diameters run between voxel boundaries; distances between surfaces on the
    anisotropic grid (``surface_gap_mm``); the centroid is the mean of the voxel centers in LPS.
    ``seen_on`` and ``uptake`` come from ``match`` and ``uptake``, by lesion id.
    """
    ruler, seen, avid = Ruler.of(anatomy), seen_on or {}, uptake or {}
    return tuple(
        ruler.lesion(region, seen_on=seen.get(region.label, ()), pet=avid.get(region.label))
        for region in regions(anatomy.lesions)
    )


def equivalent_diameter_mm(volume_ml: float) -> float:
    """Diameter of the sphere of the same volume."""
    return float(np.cbrt(6.0 * volume_ml * 1000.0 / np.pi))


def lesion_side(shares: tuple[SegmentShare, ...], volume_ml: float) -> Side | None:
    """The side or sides that hold 5 % or 1 mL of a lesion; segment I counts for neither.

    None without segments, and for a lesion of segment I alone.
    """
    right = _counts(shares, RIGHT_SEGMENTS, volume_ml)
    left = _counts(shares, LEFT_SEGMENTS, volume_ml)
    if right and left:
        return "both"
    if right:
        return "right"
    return "left" if left else None


def involved_segments(lesion: Lesion) -> frozenset[str]:
    """The segments that hold 5 % or 1 mL of a lesion."""
    names = (share.segment for share in lesion.segments)
    return frozenset(n for n in names if _counts(lesion.segments, frozenset({n}), lesion.volume_ml))


def _counts(shares: tuple[SegmentShare, ...], names: frozenset[str], volume_ml: float) -> bool:
    percent = sum(share.percent for share in shares if share.segment in names)
    return percent >= SHARE_THAT_COUNTS_PERCENT or percent / 100.0 * volume_ml >= VOLUME_THAT_COUNTS_ML


def _segment_shares(region: Region, segments: LabelMap | None) -> tuple[SegmentShare, ...]:
    if segments is None:
        return ()
    labels = segments.array[region.box][region.mask]
    counts = np.bincount(labels, minlength=len(SEGMENT_NAMES) + 1)[1:]
    order = [int(n) for n in np.argsort(-counts, kind="stable") if counts[n] > 0]
    return tuple(
        SegmentShare(segment=segment_name(n + 1), percent=100.0 * int(counts[n]) / region.voxels)
        for n in order
    )
