"""What a set of regions does, counted from voxels alone: no atoms, no model, no solver (planner.md 4)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from netlm_imaging.anatomy import Anatomy
from netlm_imaging.volume import BoolArray


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
    """Functional liver inside the treated regions."""
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
    def lost_ml(self) -> float:
        """Functional liver lost."""
        return self.lost_voxels * self.voxel_ml

    def _percent(self, voxels: int) -> float:
        # Without measurable disease there is nothing to debulk, and no success is claimed.
        total = sum(o.voxels for o in self.lesions)
        return 100.0 * voxels / total if total else 0.0


def simulate(anatomy: Anatomy, regions: Iterable[BoolArray], *, cleared_fraction: float) -> Simulation:
    """Remove or destroy ``regions`` (masks [k, j, i] on the anatomy's grid; only their liver counts)."""
    treated = np.zeros(anatomy.grid.shape_kji, dtype=bool)
    for region in regions:
        treated |= region
    treated &= anatomy.liver.array
    functional = anatomy.functional.array
    return Simulation(
        lesions=tuple(
            _outcome(anatomy, label, treated, cleared_fraction) for label in anatomy.lesions.labels
        ),
        functional_voxels=int(np.count_nonzero(functional)),
        lost_voxels=int(np.count_nonzero(functional & treated)),
        voxel_ml=anatomy.grid.voxel_ml,
    )


def _outcome(anatomy: Anatomy, label: int, treated: BoolArray, cleared_fraction: float) -> LesionOutcome:
    lesion = anatomy.lesions.array == label
    voxels = int(np.count_nonzero(lesion))
    inside = int(np.count_nonzero(lesion & treated))
    # As exact fractions: 0.995 * 200 must be 199, not a little more.
    cleared = inside >= Fraction(str(cleared_fraction)) * voxels
    return LesionOutcome(lesion=label, voxels=voxels, treated_voxels=inside, cleared=cleared)
