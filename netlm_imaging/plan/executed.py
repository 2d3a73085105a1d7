"""What a chosen plan does when it is carried out: regions that are cut, zones that may come out otherwise."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from netlm_imaging.geometry import FloatArray
from netlm_imaging.plan.ablation import in_reach_of_heat
from netlm_imaging.plan.candidates import Candidate, Zone
from netlm_imaging.plan.workspace import Voxels, Workspace
from netlm_imaging.plan.zones import EDGE, Placement
from netlm_imaging.settings import UncertaintySettings
from netlm_imaging.volume import BoolArray

MOST_SD = 4.5
"""No draw lies further out than this many standard deviations (7 in a million would)."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ExecutedZone:
    """One ablation zone of the plan."""

    treatment: tuple[int, ...]
    """Which of the ablations of its lesions it belongs to (0: the first), then these lesions."""
    number: int
    """Among the overlapping zones of that ablation."""
    zone: Zone
    sd_percent: float
    """Standard deviation of its diameters."""
    planned: Voxels
    """What its ablation, all overlapping zones together, destroys as planned."""

    @property
    def placement(self) -> Placement:
        """Where it is to be made."""
        return self.zone.placement

    @property
    def longest_half_mm(self) -> float:
        """Half its longest planned axis."""
        return max(self.zone.device.zone_mm) / 2.0

    @property
    def largest(self) -> float:
        """Its size over the planned one in the most extreme draw."""
        return 1.0 + MOST_SD * self.sd_percent / 100.0

    def reachable(self, space: Workspace, voxels: Voxels, square: FloatArray) -> BoolArray:
        """Voxels (``square``: squared places in half axes) that the zone can destroy if it covers them.

        Not so where a vessel keeps the heat away, nor where it cuts off a part of the zone as planned.
        """
        where = np.unravel_index(voxels, space.grid.shape_kji)
        reachable = in_reach_of_heat(space, self.zone.device, where)
        covered = np.flatnonzero(square <= EDGE**2)
        reachable[covered] &= np.isin(voxels[covered], self.planned, assume_unique=True)
        return reachable


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Executed:
    """The plan as it is carried out."""

    cut: BoolArray
    """Flat mask of all that is resected: as planned, in every draw."""
    margins_mm: Mapping[int, float]
    """By lesion, how far around it a resection of its own cuts in every direction."""
    zones: tuple[ExecutedZone, ...]


def executed(space: Workspace, candidates: Sequence[Candidate], *, settings: UncertaintySettings) -> Executed:
    """Split the candidates of a plan into what is cut and what is ablated."""
    cut = np.zeros(space.liver.size, dtype=bool)
    margins: dict[int, float] = {}
    zones: list[ExecutedZone] = []
    seen: Counter[tuple[int, ...]] = Counter()
    for candidate in candidates:
        if candidate.zones:
            zones += _zones(candidate, seen[candidate.lesions], settings)
            seen[candidate.lesions] += 1
            continue
        cut[candidate.region(space)] = True
        if candidate.margin_mm is not None:
            for lesion in candidate.lesions:
                margins[lesion] = max(candidate.margin_mm, margins.get(lesion, 0.0))
    return Executed(cut=cut, margins_mm=margins, zones=tuple(zones))


def _zones(candidate: Candidate, order: int, settings: UncertaintySettings) -> list[ExecutedZone]:
    return [
        ExecutedZone(
            treatment=(order, *candidate.lesions),
            number=number,
            zone=zone,
            sd_percent=settings.zone_sd_percent(zone.device.modality),
            planned=candidate.voxels,
        )
        for number, zone in enumerate(candidate.zones)
    ]
