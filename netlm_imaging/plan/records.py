"""Treatments and plans as records: what case.json says of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from netlm_imaging.remnant.records import MinimumName
from netlm_imaging.settings import Modality, Objective

Approach = Literal["percutaneous", "operative"]
TreatmentKind = Literal["enucleation", "wedge", "anatomical", "ablation"]
Status = Literal["optimal", "feasible", "infeasible"]
LimitName = Literal["flr", "interventions", "resections", "ablations", "segments"]
"""What a plan is limited by; segments are whole ones removed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """Whether one kind of treatment can clear one lesion; if not, why in words."""

    kind: TreatmentKind
    feasible: bool
    why_not: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LesionOptions:
    """All kinds for one lesion."""

    lesion: int
    options: tuple[Option, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupOption(Option):
    """The same for one treatment of several close lesions in one."""

    lesions: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacedZone:
    """Where one zone of an ablation is made."""

    center_lps_mm: tuple[float, float, float]
    axis: tuple[float, float, float]
    """Unit vector along the probe in LPS."""
    across: tuple[float, float, float]
    """Unit vector of the zone's second axis in LPS."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StructureDistance:
    """How near the zones of an ablation come to a structure that heat must stay away from."""

    structure: str
    distance_mm: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbePath:
    """A straight way of a probe (the middle of several) to one zone of an ablation."""

    zone: int
    """Number of the zone, from 1, in the order of the treatment's zones."""
    approach: Approach
    """From the skin, or from the liver's capsule at operation."""
    entry_lps_mm: tuple[float, float, float]
    """On the skin or on the capsule."""
    tip_lps_mm: tuple[float, float, float]
    length_mm: float
    """From entry to tip."""
    clearance_mm: float | None
    """From the shaft's surface (of several probes: of the cylinder around them) to the nearest of the
    ``checked`` structures; None where there is none."""
    nearest_structure: str | None
    angle_axial_deg: float
    """Between shaft and axial plane; above 0 the probe runs towards the head."""
    capsule_angle_deg: float
    """Between shaft and the liver's surface where it enters: 90 is straight in, near 0 grazes."""
    liver_before_lesion_mm: float
    """Normal liver between the capsule and the first lesion on the way, or the tip."""
    enters_liver_twice: bool
    crosses_lesions: tuple[int, ...]
    """Lesions on the way that the treatment is not meant for."""
    checked: tuple[str, ...]
    """Structures that the clearance holds for."""
    unknown: tuple[str, ...]
    """Structures of which no mask tells where they are."""

    @property
    def safe(self) -> bool:
        """Neither through the liver twice nor through another lesion."""
        return not self.enters_liver_twice and not self.crosses_lesions


def best_of(paths: Sequence[ProbePath]) -> ProbePath | None:
    """The first safe one of paths to one zone, from the skin where there is one; else the first."""
    return next((path for path in paths if path.safe), paths[0] if paths else None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Treatment:
    """One intervention of a plan. Fields that do not apply to its kind are None or empty."""

    id: str
    kind: TreatmentKind
    name: str
    """For people: ``Right hepatectomy``, ``Wedge resection of lesion 3``."""
    lesions: tuple[int, ...]
    """Lesions it is meant to clear."""
    segments: tuple[str, ...] = ()
    device: str | None = None
    modality: Modality | None = None
    probes: int | None = None
    center_lps_mm: tuple[float, float, float] | None = None
    """Of the zone; None where there are several (``zones``)."""
    axis: tuple[float, float, float] | None = None
    """Unit vector of the zone's long axis in LPS."""
    zone_mm: tuple[float, float, float] | None = None
    """Full lengths of each zone's axes, the one along the probe first."""
    zones: tuple[PlacedZone, ...] = ()
    """Of an ablation: one, or several that overlap and are made one after the other."""
    margin_mm: float | None = None
    achieved_margin_mm: float | None = None
    """The smallest over the surface of its lesions: to the nearest liver that survives it, done alone."""
    margin_below_5_mm_percent: float | None = None
    """Share of the lesions' surface without the subcapsular one; None where all of it is subcapsular."""
    margin_below_10_mm_percent: float | None = None
    structures: tuple[StructureDistance, ...] = ()
    """Nearest first; as far as the structures were given."""
    paths: tuple[ProbePath, ...] = ()
    """Of an ablation: the best ones to each zone, percutaneous ones first."""
    open_only: bool | None = None
    """No safe straight path from the skin to one of its zones. None: not known, or no ablation."""
    approach_note: str | None = None
    """Why paths are missing, in words."""
    parenchyma_ml: float
    """Functional liver that it removes or destroys when done alone."""
    devascularized_ml: float = 0.0
    """Functional liver beyond that which it leaves without inflow when done alone."""
    tumor_ml: float
    """Tumor that it removes or destroys when done alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Minimum:
    """One FLR minimum and how the plan meets it."""

    name: MinimumName
    minimum: float
    value: float
    binding: bool
    """It keeps a better plan away: more could be cleared, but only by plans that break it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """What a plan does to one lesion."""

    lesion: int
    cleared: bool
    coverage_percent: float
    treatment: TreatmentKind | Literal["none"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """One optimal (or best found) combination of treatments."""

    objective: Objective
    status: Status
    bound_percent: float | None
    """No plan under these limits can clear more than this (by lesion)."""
    debulking_percent: float
    """By lesion: the headline figure."""
    debulking_percent_by_volume: float
    cleared: tuple[int, ...]
    residual: tuple[int, ...]
    treatments: tuple[Treatment, ...]
    flr_ml: float
    flr_percent: float
    sflr_percent: float | None
    flr_body_weight_percent: float | None
    minimums: tuple[Minimum, ...]
    parenchyma_lost_ml: float
    """Functional liver that is removed, destroyed or left without inflow."""
    devascularized_ml: float = 0.0
    """Of it, what is only left without inflow: cut off from its vessels or from the rest of the liver."""
    coverage: tuple[Coverage, ...] = ()
    debulking_percent_mr_only: float | None = None
    """By lesion, over the lesions seen on MR; None where none was seen on PET alone, and without MR."""
    debulking_percent_by_volume_mr_only: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FrontierPoint:
    """One point of the debulking against remnant curve: no plan clears more for no more liver."""

    flr_percent: float
    debulking_percent: float
    parenchyma_lost_ml: float
    interventions: int
    proven: bool = True
    """Else the best found in the time given."""
    knee: bool = False
    """Beyond it tumor costs at least twice as much liver (``knees.py``)."""
    cleared: tuple[int, ...] = ()
    """Lesions."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NextLesion:
    """A lesion that the plan leaves, and the treatment that clears it for the least liver beside the plan."""

    lesion: int
    treatment: TreatmentKind
    name: str
    tumor_ml: float
    """Cleared beside what the plan clears, other lesions included."""
    debulking_percent: float
    """Of the plan with it."""
    parenchyma_ml: float
    """Functional liver lost beside what the plan loses."""
    exceeds: tuple[LimitName, ...]
    """Limits that the plan with it would not keep."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitStep:
    """What the best sparing plan clears when one limit is a step wider."""

    limit: LimitName
    value: float
    """The wider limit; for ``flr`` the least FLR in percent of the functional liver."""
    debulking_percent: float
    parenchyma_lost_ml: float
    proven: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class More:
    """What more than the sparing plan could be had, and for what."""

    frontier: tuple[FrontierPoint, ...]
    """From the sparing plan to the one that loses least liver."""
    frontier_complete: bool
    """Whether no other plan is unbeaten; else some lie between those of ``frontier``."""
    frontier_by_interventions: tuple[FrontierPoint, ...]
    """The best debulking for each number of interventions, then for the least liver, the most first."""
    next_lesions: tuple[NextLesion, ...]
    """Most tumor for the liver lost first."""
    limit_steps: tuple[LimitStep, ...]
    """Those that clear more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Driver:
    """A lesion, or the unseen ones, that drives the spread of the debulking figure."""

    lesion: int | None
    """None for lesions that the images do not show."""
    source: Literal["ablation", "margin", "contour", "missed"]
    """Whether its zone covers it, whether its resection clears it, how large it is, or missed lesions."""
    share_percent: float
    """Of the variance of the debulking figure, to first order."""
