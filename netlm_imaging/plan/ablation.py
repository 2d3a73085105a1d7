"""Ablation: one zone around one lesion, its center and axis chosen to spend the least liver.

What is asked of a zone (clinical-rules 4): all of the lesion and every liver voxel within the margin
of it. Nothing is asked outside the capsule, nor in the lumen of a vessel wide enough to be a heat
sink, for blood is no tissue. The liver right beside such a vessel is asked for like any other: where
the vessel would keep the zone out of the margin, the lesion is not ablated with that modality. So a
lesion needs its margin plus the pull-back distance to every vessel of 3 mm or more.

What a zone destroys: the liver in the ellipsoid, less the sink vessels and the cuff of pull-back
around them, and of this the part that hangs together with the lesion. Heat travels around a vessel,
so liver behind one is destroyed, unless vessels cut it off from the probe altogether.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cc3d
import numpy as np
import numpy.typing as npt

from netlm_imaging.geometry import Box, FloatArray
from netlm_imaging.lesions.records import Lesion
from netlm_imaging.plan.candidates import Candidate, Refusal, Zone
from netlm_imaging.plan.devices import Device
from netlm_imaging.plan.distances import TOLERANCE_MM, surface_distance_mm
from netlm_imaging.plan.workspace import Voxels, Workspace
from netlm_imaging.plan.zones import TooSmall, best_placement, zone_box, zone_in
from netlm_imaging.settings import AblationSettings
from netlm_imaging.volume import BoolArray

Indices = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Target:
    """What an ablation of one lesion must cover."""

    lesion: int
    tumor_kji: Indices
    """Array indices of the lesion's voxels, shape (n, 3)."""
    required_kji: Indices
    """Array indices of the lesion and its margin, as far as the margin is asked for."""


def ablations(
    space: Workspace, lesion: Lesion, *, settings: AblationSettings, devices: Sequence[Device]
) -> tuple[tuple[Candidate, ...], Refusal | None]:
    """One candidate for each of ``devices`` that can ablate the lesion; where none can, why not."""
    if not devices:
        return (), Refusal("no ablation device is allowed in the settings")
    if lesion.longest_diameter_mm > settings.max_lesion_mm:
        why = f"longest diameter {lesion.longest_diameter_mm:.1f} mm > {settings.max_lesion_mm:g} mm"
        return (), Refusal(why)
    target = _target(space, lesion, margin_mm=settings.margin_mm)
    tried = [_ablation(space, target, device, settings=settings) for device in devices]
    found = tuple(t for t in tried if isinstance(t, Candidate))
    if found:
        return found, None
    reasons = dict.fromkeys(t.why_not for t in tried if isinstance(t, Refusal))
    return (), Refusal("; ".join(reasons))


def _target(space: Workspace, lesion: Lesion, *, margin_mm: float) -> Target:
    box = space.grown_box(space.lesions[lesion.id].box, margin_mm=margin_mm)
    start = [s.start for s in box]
    tumor = space.lesion_in(box, lesion.id)
    required = (surface_distance_mm(tumor, space.grid) <= margin_mm + TOLERANCE_MM) & space.liver[box]
    if space.sink_vessels is not None:
        required &= tumor | ~space.sink_vessels[box]
    return Target(lesion.id, np.argwhere(tumor) + start, np.argwhere(required) + start)


def _ablation(
    space: Workspace, target: Target, device: Device, *, settings: AblationSettings
) -> Candidate | Refusal:
    modality, margin_mm = device.modality.upper(), settings.margin_mm
    if not _within_reach_of_heat(space, device, tuple(target.required_kji.T)).all():
        apart = _sink_distance_mm(space, target)
        return Refusal(
            f"{modality}: {apart:.1f} mm from a vessel {settings.sink_vessel_mm:g} mm wide or more, "
            f"< {margin_mm:g} mm margin + {device.pull_back_mm:g} mm heat sink"
        )
    placement = best_placement(
        space,
        target.required_kji,
        device.zone_mm,
        spends=lambda box: space.functional[box] & _within_reach_of_heat(space, device, box),
    )
    if isinstance(placement, TooSmall):
        return Refusal(_too_small(device, placement.factor, margin_mm=margin_mm))
    if placement is None:
        return Refusal(f"{device.name}: the middle of the zone would lie outside the liver")
    box = zone_box(space, placement)
    zone = zone_in(space, placement, box) & space.liver[box] & _within_reach_of_heat(space, device, box)
    voxels = space.voxels(_joined_to(zone, target.tumor_kji - [s.start for s in box]), box)
    if not np.isin(space.flat(target.required_kji), voxels, assume_unique=True).all():
        return Refusal(f"{modality}: wide vessels cut the margin off from the probe")
    return Candidate(
        kind="ablation",
        name=f"{device.name}: ablation of lesion {target.lesion}",
        lesion=target.lesion,
        voxels=voxels,
        margin_mm=margin_mm,
        zone=Zone(
            device=device,
            center_lps_mm=_triple(space.grid.to_patient(placement.center_mm / space.spacing)),
            axis_lps=_triple(space.grid.axes @ placement.axis_kji[::-1]),
            achieved_margin_mm=_achieved_margin_mm(space, target, voxels, reach_mm=max(device.zone_mm) / 2.0),
        ),
    )


def _sink_distance_mm(space: Workspace, target: Target) -> float:
    """From the lesion to the nearest heat sink."""
    assert space.sink_distance_mm is not None
    return float(space.sink_distance_mm[tuple(target.tumor_kji.T)].min())


def _within_reach_of_heat(space: Workspace, device: Device, where: Box | tuple[Indices, ...]) -> BoolArray:
    """Of the voxels ``where``, those that are neither in a heat sink nor in the cuff that it keeps alive."""
    if space.sink_distance_mm is None or device.pull_back_mm == 0.0:
        return np.ones_like(space.liver[where])
    return np.asarray(space.sink_distance_mm[where] > device.pull_back_mm + TOLERANCE_MM)


def _joined_to(zone: BoolArray, seeds_kji: Indices) -> BoolArray:
    """The parts of ``zone`` that hang together, by faces, with any of the seed voxels."""
    parts = cc3d.connected_components(zone, connectivity=6)
    return np.asarray(zone & np.isin(parts, np.unique(parts[tuple(seeds_kji.T)])))


def _achieved_margin_mm(space: Workspace, target: Target, voxels: Voxels, *, reach_mm: float) -> float:
    """Distance from the lesion to the nearest liver that survives, sink vessels left out.

    Where none survives within the reach of the zone, the reach.
    """
    box = space.grown_box(space.lesions[target.lesion].box, margin_mm=reach_mm)
    alive = space.liver.copy() if space.sink_vessels is None else space.liver & ~space.sink_vessels
    alive.ravel()[voxels] = False
    distance = surface_distance_mm(space.lesion_in(box, target.lesion), space.grid)[alive[box]]
    return min(float(distance.min(initial=np.inf)), reach_mm)


def _too_small(device: Device, factor: float, *, margin_mm: float) -> str:
    size = " x ".join(f"{v:g}" for v in (device.zone_mm[:1] if device.spherical else device.zone_mm))
    needed = f"of {factor * device.zone_mm[0]:.1f} mm" if device.spherical else f"{factor:.2f} times as large"
    return f"lesion and {margin_mm:g} mm margin need a zone {needed}; {device.name}: {size} mm"


def _triple(values: FloatArray) -> tuple[float, float, float]:
    x, y, z = values.tolist()
    return (x, y, z)
