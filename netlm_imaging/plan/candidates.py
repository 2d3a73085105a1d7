"""One treatment that could be done, with the exact voxels that it removes or destroys."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

from netlm_imaging.plan.devices import Device
from netlm_imaging.plan.records import TreatmentKind
from netlm_imaging.plan.workspace import Voxels, Workspace
from netlm_imaging.plan.zones import Placement


@dataclass(frozen=True, slots=True, kw_only=True)
class Zone:
    """Where and with what an ablation is made."""

    device: Device
    placement: Placement
    center_lps_mm: tuple[float, float, float]
    axis_lps: tuple[float, float, float]
    """Unit vector of the probe."""
    across_lps: tuple[float, float, float]
    """Unit vector of the zone's second axis."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Candidate:
    """A region to remove or destroy: voxels of its own, or whole segments."""

    kind: TreatmentKind
    name: str
    lesions: tuple[int, ...] = ()
    """The lesions that it was made for; none for anatomical resections."""
    voxels: Voxels
    """Inside the liver; empty for anatomical resections."""
    segments: frozenset[int] = frozenset()
    """Couinaud labels that are removed whole."""
    devascularized: Voxels = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    """Functional liver beyond its region that is lost with it when it is done alone (``losses.py``)."""
    margin_mm: float | None = None
    """Asked for around the lesion."""
    zones: tuple[Zone, ...] = ()
    """Of an ablation: one, or several that overlap and are made one after the other."""
    drawn: bool = False
    """By hand, not by the planner."""

    @property
    def interventions(self) -> int:
        """How many it counts as: each zone is an ablation of its own."""
        return max(1, len(self.zones))

    def lost_voxels(self, space: Workspace) -> int:
        """Functional liver that is lost with it when it is done alone."""
        removed = np.count_nonzero(space.functional.ravel()[self.region(space)])
        return int(removed) + self.devascularized.size

    def region(self, space: Workspace) -> Voxels:
        """All its voxels, those of its segments included."""
        if not self.segments:
            return self.voxels
        return np.sort(np.concatenate([space.segment_voxels[g - 1] for g in self.segments]), kind="stable")


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a treatment of one kind is not possible, in words for people."""

    why_not: str
    too_small: bool = False
    """One zone is too small: several may do."""


def ablated_at_once(candidates: Iterable[Candidate]) -> frozenset[int]:
    """Lesions that one planned zone covers with its margin."""
    return frozenset(n for c in candidates if len(c.zones) == 1 and not c.drawn for n in c.lesions)
