"""Lesions that the images do not show: how many, how large, and whether the plan happens to treat them.

- How many: n lesions of a class were found, each with the chance 1 - p of being found. So many were
  missed as fail before the n-th success (negative binomial), n p / (1 - p) on average.
- How large: as large as one of the found lesions of that class, each equally likely.
- Where: anywhere in the functional liver. One is treated when all of it lies in what the plan treats:
  its middle must lie deeper in there than its radius.
"""

from __future__ import annotations

from dataclasses import dataclass

import edt
import numpy as np

from netlm_imaging.geometry import FloatArray
from netlm_imaging.lesions.measures import equivalent_diameter_mm
from netlm_imaging.plan.deviations import MISSED, stream
from netlm_imaging.plan.workspace import Workspace
from netlm_imaging.settings import UncertaintySettings
from netlm_imaging.volume import BoolArray


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Missed:
    """One entry a draw."""

    count: FloatArray
    volume: FloatArray
    """Voxels of all missed lesions."""
    untreated_count: FloatArray
    untreated_volume: FloatArray


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TreatedDepth:
    """How much of the functional liver lies how deep in what the plan treats."""

    depths_mm: FloatArray
    """Ascending, of every treated voxel of functional liver."""
    functional: int
    """Voxels of functional liver."""

    def share(self, radius_mm: FloatArray) -> FloatArray:
        """Chance that a ball anywhere in the functional liver lies in the treated region whole."""
        deeper = self.depths_mm.size - np.searchsorted(self.depths_mm, radius_mm)
        return np.asarray(deeper / max(self.functional, 1))


def treated_depth(space: Workspace, treated: BoolArray) -> TreatedDepth:
    """Measure ``treated`` [k, j, i], the region as planned; how deep counts to the liver that is left."""
    inside = treated & space.functional
    spared = space.liver & ~treated
    if not spared.any() or not inside.any():
        depths = np.full(np.count_nonzero(inside), np.inf)
    else:
        distance = edt.edt(~spared, anisotropy=space.grid.spacing_kji_mm, black_border=False, parallel=1)
        depths = np.sort(distance[inside].astype(np.float64))
    return TreatedDepth(depths_mm=depths, functional=int(np.count_nonzero(space.functional)))


def missed_lesions(
    sizes: FloatArray, depth: TreatedDepth, *, voxel_ml: float, settings: UncertaintySettings
) -> Missed:
    """Draw the lesions missed beside those found, whose ``sizes`` are in voxels."""
    diameters = np.array([equivalent_diameter_mm(size * voxel_ml) for size in sizes])
    large = diameters >= settings.missed_large_from_mm
    seen = diameters >= settings.missed_never_from_mm
    classes = (
        (~large & ~seen, settings.missed_small_percent),
        (large & ~seen, settings.missed_large_percent),
    )
    sums = np.zeros((4, settings.draws))
    for number, (members, percent) in enumerate(classes):
        if members.any() and percent > 0.0:
            rng = stream(settings, MISSED, number)
            sums += _drawn(rng, sizes[members], diameters[members], percent / 100.0, depth, settings.draws)
    count, volume, untreated_count, untreated_volume = sums
    return Missed(
        count=count, volume=volume, untreated_count=untreated_count, untreated_volume=untreated_volume
    )


def _drawn(
    rng: np.random.Generator,
    sizes: FloatArray,
    diameters_mm: FloatArray,
    chance: float,
    depth: TreatedDepth,
    draws: int,
) -> FloatArray:
    """Missed lesions of one class: count, volume, and the same of those not treated, shape (4, draws)."""
    counts = rng.negative_binomial(sizes.size, 1.0 - chance, size=draws)
    draw = np.repeat(np.arange(draws), counts)
    alike = rng.integers(sizes.size, size=draw.size)
    left = rng.random(draw.size) >= depth.share(diameters_mm[alike] / 2.0)
    return np.stack(
        [
            counts,
            np.bincount(draw, weights=sizes[alike], minlength=draws),
            np.bincount(draw, weights=left, minlength=draws),
            np.bincount(draw, weights=sizes[alike] * left, minlength=draws),
        ]
    )
