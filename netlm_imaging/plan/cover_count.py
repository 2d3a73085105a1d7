"""How many chosen candidates cover each voxel: what one treatment in another place would change, at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from netlm_imaging.lesions.regions import densified
from netlm_imaging.plan.candidates import Candidate
from netlm_imaging.plan.figures import counted
from netlm_imaging.plan.losses import devascularized
from netlm_imaging.plan.outcome import Case
from netlm_imaging.plan.simulate import Simulation


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CoverCount:
    """One plan, voxel by voxel (flat arrays of the workspace)."""

    chosen: tuple[Candidate, ...]
    count: npt.NDArray[np.uint16]
    functional: npt.NDArray[np.bool_]
    lesion: npt.NDArray[np.int32]
    """0, or one more than the lesion's place among those of the problem."""
    treated: npt.NDArray[np.int64]
    """Voxels of each lesion."""
    removed_voxels: int
    """Functional liver inside the regions."""

    @classmethod
    def of(cls, case: Case, chosen: Sequence[int]) -> CoverCount:
        """Count ``chosen`` candidates."""
        count = np.zeros(case.space.liver.size, dtype=np.uint16)
        candidates = tuple(case.problem.candidates[c] for c in chosen)
        for candidate in candidates:
            count[candidate.region(case.space)] += 1
        functional = case.space.functional.ravel()
        lesion = densified(case.anatomy.lesions.array)[1].ravel()
        covered = np.flatnonzero(count)
        return cls(
            chosen=candidates,
            count=count,
            functional=functional,
            lesion=lesion,
            treated=_treated(lesion[covered], len(case.problem.lesions)),
            removed_voxels=int(np.count_nonzero(functional[covered])),
        )

    def exchanged(self, case: Case, *, out: Candidate | None, into: Candidate) -> Simulation:
        """The figures when one treatment ``out`` is taken away and ``into`` is added.

        Only voxels that become free or covered are counted; what all together devascularize is looked
        for anew.
        """
        count = self.count.copy()
        freed = np.empty(0, dtype=np.int64)
        if out is not None:
            region = out.region(case.space)
            count[region] -= 1
            freed = region[count[region] == 0]
        region = into.region(case.space)
        covered = region[count[region] == 0]
        rest = [candidate for candidate in self.chosen if candidate is not out]
        lost = devascularized(case.space, [*rest, into])
        without = np.zeros(self.functional.size, dtype=bool)
        without[lost] = True
        size = self.treated.size
        return counted(
            case,
            treated=self.treated - _treated(self.lesion[freed], size) + _treated(self.lesion[covered], size),
            lost_voxels=self.removed_voxels
            - int(np.count_nonzero(self.functional[freed]))
            + int(np.count_nonzero(self.functional[covered]))
            + lost.size,
            devascularized=without.reshape(case.space.functional.shape),
        )


def _treated(rows: npt.NDArray[np.int32], lesions: int) -> npt.NDArray[np.int64]:
    return np.bincount(rows[rows > 0], minlength=lesions + 1)[1:].astype(np.int64)
