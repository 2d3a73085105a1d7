"""What a plan says of an ablation: zones, margins, and how near it comes to what heat must not touch."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from netlm_imaging.geometry import FloatArray
from netlm_imaging.plan.candidates import Candidate, Zone
from netlm_imaging.plan.margins import IDEAL_MM, REQUIRED_MM, Margin, ablative_margin, share_below_percent
from netlm_imaging.plan.paths import NO_ACCESS, Access, Ways
from netlm_imaging.plan.records import PlacedZone, StructureDistance
from netlm_imaging.plan.workspace import Workspace
from netlm_imaging.plan.zones import zone_in, zone_span
from netlm_imaging.volume import Volume


@dataclass(frozen=True, slots=True, kw_only=True)
class AblationFacts:
    """What is measured on the voxels of one ablation done alone."""

    margins: tuple[Margin, ...]
    """Around each lesion that it was made for, and each other one that it clears."""
    structures: tuple[StructureDistance, ...]
    """Nearest first."""
    access: Access

    @property
    def margin_mm(self) -> float | None:
        """The smallest around its lesions; None without any."""
        return min((margin.minimum_mm for margin in self.margins), default=None)


def ablation_facts(
    space: Workspace, candidate: Candidate, lesions: Sequence[int], ways: Ways | None = None
) -> AblationFacts:
    """Measure an ablation; its margins around ``lesions``, and its paths where ``ways`` are known."""
    assert candidate.margin_mm is not None
    reach_mm = max(candidate.zones[0].device.zone_mm) / 2.0
    return AblationFacts(
        margins=tuple(
            ablative_margin(space, n, candidate.voxels, asked_mm=candidate.margin_mm, reach_mm=reach_mm)
            for n in lesions
        ),
        structures=_structures(space, candidate.zones),
        access=_access(ways, candidate, lesions),
    )


def _access(ways: Ways | None, candidate: Candidate, lesions: Sequence[int]) -> Access:
    if ways is None:
        return NO_ACCESS
    if candidate.drawn:
        return ways.drawn(candidate.zones[0], lesions)
    return ways.to(candidate.zones, lesions)


def ablation_fields(candidate: Candidate, facts: AblationFacts) -> dict[str, Any]:
    """The fields of a Treatment that only an ablation has."""
    first = candidate.zones[0]
    alone = len(candidate.zones) == 1
    return {
        "device": first.device.name,
        "modality": first.device.modality,
        "probes": first.device.probes,
        "center_lps_mm": first.center_lps_mm if alone else None,
        "axis": first.axis_lps if alone else None,
        "zone_mm": first.device.zone_mm,
        "zones": tuple(
            PlacedZone(center_lps_mm=z.center_lps_mm, axis=z.axis_lps, across=z.across_lps)
            for z in candidate.zones
        ),
        "achieved_margin_mm": facts.margin_mm,
        "margin_below_5_mm_percent": share_below_percent(facts.margins, REQUIRED_MM),
        "margin_below_10_mm_percent": share_below_percent(facts.margins, IDEAL_MM),
        "structures": facts.structures,
        "paths": facts.access.paths,
        "open_only": facts.access.open_only,
        "approach_note": facts.access.note,
    }


def margin_map(space: Workspace, margins: Iterable[Margin]) -> Volume:
    """mm of margin at the surface voxels of ablated lesions; 0 elsewhere and where it is subcapsular.

    Where several ablations were made for one lesion, the larger margin.
    """
    mapped = np.zeros(space.liver.size, dtype=np.float32)
    for margin in margins:
        counted = ~margin.subcapsular
        at = margin.surface[counted]
        mapped[at] = np.maximum(mapped[at], margin.margin_mm[counted])
    return Volume(mapped.reshape(space.liver.shape), space.grid)


def _structures(space: Workspace, zones: Sequence[Zone]) -> tuple[StructureDistance, ...]:
    if space.protected is None:
        return ()
    points = np.concatenate([_zone_points_mm(space, zone) for zone in zones])
    found = (
        StructureDistance(structure=name, distance_mm=distance)
        for name, distance in space.protected.distances_mm(points).items()
    )
    return tuple(sorted(found, key=lambda entry: entry.distance_mm))


def _zone_points_mm(space: Workspace, zone: Zone) -> FloatArray:
    """The voxel centers of the whole zone, outside the liver too, mm from the workspace's first voxel."""
    low, high = zone_span(space, zone.placement)
    k, j, i = (slice(int(a), int(b)) for a, b in zip(low, high, strict=True))
    inside = zone_in(space, zone.placement, (k, j, i))
    return np.asarray((np.argwhere(inside) + low) * space.spacing)
