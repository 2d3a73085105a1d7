"""What a set of regions does, counted from voxels alone: no atoms, no model, no solver (planner.md 4)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from fractions import Fraction

import cc3d
import numpy as np
from scipy import ndimage

from netlm_imaging.anatomy import Anatomy
from netlm_imaging.lesions.regions import enclosed
from netlm_imaging.plan.inflow import Inflow
from netlm_imaging.volume import BoolArray, LabelMap

EVERY_NEIGHBOR = np.ones((3, 3, 3), dtype=bool)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Supply:
    """What is needed to tell which of the liver that is left has its inflow."""

    inflow: Inflow | None
    """On the anatomy's grid; None where no vessels are given."""
    smallest_part_ml: float
    """Without vessels: a smaller part that is cut off does not count."""
    cut: BoolArray
    """Of the regions, those that are cut out without regard for vessels [k, j, i]."""
    whole: BoolArray
    """Of the regions, the segments that are removed whole."""
    living_before: BoolArray
    """Functional liver in parts that live before treatment (``living_untouched``)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LesionOutcome:
    """One lesion after treatment."""

    lesion: int
    voxels: int
    treated_voxels: int
    cleared: bool

    @property
    def coverage_percent(self) -> float:
        """Share of the lesion that lies in the treated regions."""
        return 100.0 * self.treated_voxels / self.voxels


@dataclass(frozen=True, slots=True, kw_only=True)
class Simulation:
    """The figures of one plan."""

    lesions: tuple[LesionOutcome, ...]
    functional_voxels: int
    lost_voxels: int
    """Functional liver inside the treated regions, and what loses its inflow."""
    devascularized: BoolArray = field(compare=False, repr=False)
    """[k, j, i]: functional liver outside the treated regions that loses its inflow."""
    voxel_ml: float

    @property
    def cleared(self) -> tuple[int, ...]:
        """Ids of the lesions cleared."""
        return tuple(o.lesion for o in self.lesions if o.cleared)

    @property
    def debulking_percent(self) -> float:
        """By lesion: a lesion counts whole when cleared, else not at all. 0 without lesions."""
        return self._percent(sum(o.voxels for o in self.lesions if o.cleared))

    @property
    def debulking_percent_by_volume(self) -> float:
        """Voxel by voxel, part-treated lesions included. 0 without lesions."""
        return self._percent(sum(o.treated_voxels for o in self.lesions))

    @property
    def flr_ml(self) -> float:
        """Functional liver left."""
        return (self.functional_voxels - self.lost_voxels) * self.voxel_ml

    @property
    def devascularized_ml(self) -> float:
        """Functional liver that is not treated, but loses its inflow."""
        return int(np.count_nonzero(self.devascularized)) * self.voxel_ml

    @property
    def lost_ml(self) -> float:
        """Functional liver lost."""
        return self.lost_voxels * self.voxel_ml

    def _percent(self, voxels: int) -> float:
        # Without measurable disease there is nothing to debulk, and no success is claimed.
        total = sum(o.voxels for o in self.lesions)
        return 100.0 * voxels / total if total else 0.0


def simulate(
    anatomy: Anatomy,
    regions: Iterable[BoolArray],
    *,
    cleared_fraction: float,
    supply: Supply | None = None,
) -> Simulation:
    """Remove or destroy ``regions`` (masks [k, j, i] on the anatomy's grid; only their liver counts).

    Without ``supply`` nothing but the regions is lost.
    """
    treated = np.zeros(anatomy.grid.shape_kji, dtype=bool)
    for region in regions:
        treated |= region
    treated &= anatomy.liver.array
    functional = anatomy.functional.array
    devascularized = np.zeros_like(treated)
    if supply is not None and treated.any():
        devascularized = _devascularized(anatomy, treated, supply)
    return Simulation(
        lesions=_outcomes(anatomy.lesions, treated, cleared_fraction),
        functional_voxels=int(np.count_nonzero(functional)),
        lost_voxels=int(np.count_nonzero(functional & (treated | devascularized))),
        devascularized=devascularized,
        voxel_ml=anatomy.grid.voxel_ml,
    )


def _devascularized(anatomy: Anatomy, treated: BoolArray, supply: Supply) -> BoolArray:
    """Functional liver that is left without inflow, and parts that live before treatment and not after."""
    functional, inflow = anatomy.functional.array, supply.inflow
    left = functional & ~treated
    if inflow is None:
        living = _living(anatomy, left, None, supply.smallest_part_ml)
        return np.asarray(left & supply.living_before & ~living)
    dead = inflow.dead(np.flatnonzero(supply.cut), np.flatnonzero(supply.whole))
    has_inflow = np.append(~dead, True)  # -1: of no piece
    fed = left & has_inflow[inflow.territory]
    vessels = inflow.place >= 0
    living = _living(anatomy, fed, vessels & has_inflow[inflow.place], supply.smallest_part_ml)
    return np.asarray(left & (~fed | (supply.living_before & ~living)))


def living_untouched(anatomy: Anatomy, *, inflow: Inflow | None, smallest_part_ml: float) -> BoolArray:
    """Functional liver [k, j, i] in parts that live as they are: the same for all plans of one patient."""
    vessels = None if inflow is None else inflow.place >= 0
    return _living(anatomy, anatomy.functional.array, vessels, smallest_part_ml)


def _living(
    anatomy: Anatomy, left: BoolArray, vessels: BoolArray | None, smallest_part_ml: float
) -> BoolArray:
    """The parts of ``left`` that touch one of ``vessels``; without: large ones at the liver's surface."""
    part = cc3d.connected_components(left.copy(), connectivity=26)
    sizes = np.bincount(part.ravel())
    if vessels is not None:
        touched = ndimage.binary_dilation(vessels, EVERY_NEIGHBOR)
        lives = np.ones(sizes.size, dtype=bool)
    else:
        solid = anatomy.liver.array | enclosed(anatomy.liver.array)
        touched = ~ndimage.binary_erosion(solid, border_value=0)
        lives = sizes * anatomy.grid.voxel_ml >= smallest_part_ml
    lives &= np.bincount(part[touched], minlength=sizes.size) > 0
    lives[0] = False
    return np.asarray(lives[part])


def _outcomes(lesions: LabelMap, treated: BoolArray, cleared_fraction: float) -> tuple[LesionOutcome, ...]:
    """Ids ascending."""
    tumor = lesions.array > 0
    labels, place = np.unique(lesions.array[tumor], return_inverse=True)
    sizes = np.bincount(place, minlength=labels.size)
    inside = np.bincount(place[treated[tumor]], minlength=labels.size)
    return tuple(
        LesionOutcome(
            lesion=label,
            voxels=voxels,
            treated_voxels=count,
            # As exact fractions: 0.995 * 200 must be 199, not a little more.
            cleared=count >= Fraction(str(cleared_fraction)) * voxels,
        )
        for label, voxels, count in zip(labels.tolist(), sizes.tolist(), inside.tolist(), strict=True)
    )
