"""Ablation: one zone around its target, center and axis chosen to spend the least liver.

What is asked of a zone (clinical-rules 4): all of the lesion and every liver voxel within the margin
of it. Nothing is asked outside the capsule, nor in the lumen of a vessel wide enough to be a heat
sink, for blood is no tissue. The liver right beside such a vessel is asked for like any other: where
the vessel would keep the zone out of the margin, the lesion is not ablated with that modality. So a
lesion needs its margin plus the pull-back distance to every vessel of 3 mm or more.

What a zone destroys: the liver in the ellipsoid, less the sink vessels and the cuff of pull-back
around them, and of this the part that hangs together with the lesion. Heat travels around a vessel,
so liver behind one is destroyed, unless vessels cut it off from the probe altogether.

Heat stays away from bile ducts, gallbladder and bowel: no part of a thermal zone, not even the part
outside the liver, may come nearer to them than the clearance.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cc3d
import numpy as np
import numpy.typing as npt

from netlm_imaging.geometry import Box, FloatArray
from netlm_imaging.plan.candidates import Candidate, Refusal, Zone
from netlm_imaging.plan.covering import extreme_points
from netlm_imaging.plan.devices import Device
from netlm_imaging.plan.distances import TOLERANCE_MM
from netlm_imaging.plan.protected import Protected
from netlm_imaging.plan.workspace import Workspace
from netlm_imaging.plan.zones import NoRoom, Placement, TooSmall, best_placement, zone_box, zone_in
from netlm_imaging.settings import AblationSettings
from netlm_imaging.volume import BoolArray

Indices = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Target:
    """What an ablation must cover."""

    lesions: tuple[int, ...]
    tumor_kji: Indices
    """Array indices of the lesions' voxels, shape (n, 3)."""
    required_kji: Indices
    """Array indices of the lesions and their margins, as far as these are asked for; in C order."""
    corners_mm: FloatArray
    """Corners of the hull of these, along k, j, i."""

    @property
    def name(self) -> str:
        """``lesion 3``, ``lesions 3, 5``."""
        return f"lesion{'s' if len(self.lesions) > 1 else ''} {', '.join(map(str, self.lesions))}"


def target_of(space: Workspace, lesion: int, *, margin_mm: float) -> Target:
    """One lesion with its margin."""
    box = space.grown_box(space.lesions[lesion].box, margin_mm=margin_mm)
    start = [s.start for s in box]
    tumor = space.lesion_in(box, lesion)
    required = (space.distance_mm(box, lesion) <= margin_mm + TOLERANCE_MM) & space.liver[box]
    if space.sink_vessels is not None:
        required &= tumor | ~space.sink_vessels[box]
    required_kji = np.argwhere(required) + start
    return Target(
        lesions=(lesion,),
        tumor_kji=np.argwhere(tumor) + start,
        required_kji=required_kji,
        corners_mm=extreme_points(required_kji * space.spacing),
    )


def zone_of(
    space: Workspace, target: Target, device: Device, *, settings: AblationSettings
) -> Candidate | Refusal:
    """The ablation of ``target`` by one zone of ``device``, or why there is none."""
    cooled = why_cooled(space, target, device, settings=settings)
    if cooled is not None:
        return cooled
    placement = best_placement(
        space,
        target.corners_mm,
        device.zone_mm,
        spends=lambda box: space.functional[box] & in_reach_of_heat(space, device, box),
        forbidden=forbidden_to(space, device),
    )
    if isinstance(placement, TooSmall):
        why_not = _too_small(target, device, placement.factor, margin_mm=settings.margin_mm)
        return Refusal(why_not, too_small=True)
    if isinstance(placement, NoRoom):
        return no_room(space, target, device, placement, settings=settings)
    return made_of(space, target, device, [placement], settings=settings)


def made_of(
    space: Workspace,
    target: Target,
    device: Device,
    placements: Sequence[Placement],
    *,
    settings: AblationSettings,
) -> Candidate | Refusal:
    """The ablation by zones at ``placements``; refused where vessels cut the margin off from the probes."""
    box = _around([zone_box(space, placement) for placement in placements])
    destroyed = np.logical_or.reduce([zone_in(space, placement, box) for placement in placements])
    destroyed &= space.liver[box] & in_reach_of_heat(space, device, box)
    joined = _joined_to(destroyed, target.tumor_kji - [s.start for s in box])
    voxels = space.voxels(joined, box)
    if not np.isin(space.flat(target.required_kji), voxels, assume_unique=True).all():
        return Refusal(f"{device.modality.upper()}: wide vessels cut the margin off from the probe")
    several = f", {len(placements)} overlapping zones" if len(placements) > 1 else ""
    return Candidate(
        kind="ablation",
        name=f"{device.name}{several}: ablation of {target.name}",
        lesions=target.lesions,
        voxels=voxels,
        margin_mm=settings.margin_mm,
        zones=tuple(zone_at(space, device, placement) for placement in placements),
    )


def why_cooled(
    space: Workspace, target: Target, device: Device, *, settings: AblationSettings
) -> Refusal | None:
    """The reason why a heat sink keeps ``device`` from the target; None where none does."""
    if in_reach_of_heat(space, device, tuple(target.required_kji.T)).all():
        return None
    assert space.sink_distance_mm is not None
    apart = float(space.sink_distance_mm[tuple(target.tumor_kji.T)].min())
    return Refusal(
        f"{device.modality.upper()}: {apart:.1f} mm from a vessel {settings.sink_vessel_mm:g} mm wide or "
        f"more, < {settings.margin_mm:g} mm margin + {device.pull_back_mm:g} mm heat sink"
    )


def in_reach_of_heat(space: Workspace, device: Device, where: Box | tuple[Indices, ...]) -> BoolArray:
    """Of the voxels ``where``, those that are neither in a heat sink nor in the cuff that it keeps alive."""
    if space.sink_distance_mm is None or device.pull_back_mm == 0.0:
        return np.ones_like(space.liver[where])
    return np.asarray(space.sink_distance_mm[where] > device.pull_back_mm + TOLERANCE_MM)


def forbidden_to(space: Workspace, device: Device) -> Protected | None:
    """Where zones of ``device`` may not go; nothing is forbidden to a device without heat."""
    return space.protected if device.thermal else None


def no_room(
    space: Workspace, target: Target, device: Device, found: NoRoom, *, settings: AblationSettings
) -> Refusal:
    """In words why a zone that is large enough has no place."""
    if not found.near_structure or space.protected is None:
        return Refusal(f"{device.name}: the middle of the zone would lie outside the liver")
    apart = space.protected.distances_mm(target.tumor_kji * space.spacing)
    nearest = min(apart, key=lambda name: apart[name])
    return Refusal(
        f"{device.name}: every zone would come within {settings.structure_clearance_mm:g} mm of the "
        f"{nearest}, {apart[nearest]:.1f} mm from the lesion"
    )


def zone_at(space: Workspace, device: Device, placement: Placement) -> Zone:
    """The zone of ``device`` at ``placement``, with its place in the patient."""
    along, across = (row / np.linalg.norm(row) for row in placement.to_unit[:2])
    return Zone(
        device=device,
        placement=placement,
        center_lps_mm=_triple(space.grid.to_patient(placement.center_mm / space.spacing)),
        axis_lps=_triple(space.grid.axes @ along[::-1]),
        across_lps=_triple(space.grid.axes @ across[::-1]),
    )


def _around(boxes: Sequence[Box]) -> Box:
    k, j, i = (
        slice(min(s.start for s in axis), max(s.stop for s in axis)) for axis in zip(*boxes, strict=True)
    )
    return (k, j, i)


def _joined_to(destroyed: BoolArray, seeds_kji: Indices) -> BoolArray:
    """The parts of ``destroyed`` that hang together, by faces, with any of the seed voxels."""
    parts = cc3d.connected_components(destroyed, connectivity=6)
    return np.asarray(destroyed & np.isin(parts, np.unique(parts[tuple(seeds_kji.T)])))


def _too_small(target: Target, device: Device, factor: float, *, margin_mm: float) -> str:
    size = " x ".join(f"{v:.3g}" for v in (device.zone_mm[:1] if device.spherical else device.zone_mm))
    needed = f"of {factor * device.zone_mm[0]:.1f} mm" if device.spherical else f"{factor:.2f} times as large"
    return f"{with_margins(target.lesions, margin_mm)} need a zone {needed}; {device.name}: {size} mm"


def with_margins(lesions: Sequence[int], margin_mm: float) -> str:
    """``lesion and 5 mm margin``, ``lesions and 5 mm margins``."""
    several = "s" if len(lesions) > 1 else ""
    return f"lesion{several} and {margin_mm:g} mm margin{several}"


def _triple(values: FloatArray) -> tuple[float, float, float]:
    x, y, z = values.tolist()
    return (x, y, z)
