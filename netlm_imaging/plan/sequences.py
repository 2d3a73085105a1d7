"""Zones that overlap and are made one after the other, for a lesion just too large for one of them.

A few equal balls cover hardly more than one: three cover no larger ball at all, four one that is 6 %
larger, six one that is 22 % larger. So sequences help lesions that are long, or clipped by the
capsule, or larger by very little.
"""

from __future__ import annotations

from collections.abc import Iterator

import edt
import numpy as np

from netlm_imaging.geometry import FloatArray
from netlm_imaging.plan.ablation import Indices, Target, forbidden_to, in_reach_of_heat, made_of
from netlm_imaging.plan.candidates import Candidate, Refusal
from netlm_imaging.plan.covering import extreme_points, smallest_ball
from netlm_imaging.plan.devices import Device
from netlm_imaging.plan.workspace import Workspace
from netlm_imaging.plan.zones import (
    EDGE,
    NoRoom,
    Placement,
    TooSmall,
    best_placement,
    comes_near,
    roomiest_poses,
    zone_box,
    zone_in,
)
from netlm_imaging.settings import AblationSettings
from netlm_imaging.volume import BoolArray

LARGEST_BALL = {1: 1.0, 2: 1.0, 3: 1.0, 4: 1.0607, 5: 1.1181, 6: 1.2248}
"""Radius of the largest ball that so many unit balls cover: 1 / sin of the angular radius of the thinnest
covering of a sphere by so many caps (Fejes Toth; 70.53, 63.43 and 54.74 degrees for 4, 5 and 6)."""
POINTS = 300
"""Of the target that are looked at first; those that a cover misses are added."""
STALLED = 0.003
"""A start is given up when a round of moving the zones to what is nearest to them shrinks the largest by
less than this part."""
SWEEPS = 2
"""Of putting each zone where it spends least while the others stay."""


def sequence_of(
    space: Workspace, target: Target, device: Device, *, settings: AblationSettings
) -> Candidate | Refusal:
    """The ablation of ``target`` by two or more zones of ``device``, by the fewest that the search finds.

    The cover is exact on the voxels; that fewer zones would not do is known only where they could not
    cover the largest ball inside the target. All zones of the first cover have one direction; then each
    is put where it spends least liver, in any direction.
    """
    refusal = Refusal(f"{device.name}: {settings.max_zones} overlapping zones do not cover it either")
    inside_mm = _largest_ball_mm(space, target)
    for count in range(2, settings.max_zones + 1):
        if inside_mm > LARGEST_BALL[count] * max(device.zone_mm) / 2.0 * EDGE:
            continue
        placements = _cover(space, target, device, count)
        if placements is not None:
            sparing = _spend_less(space, target, device, placements)
            return made_of(space, target, device, sparing, settings=settings)
    return refusal


def _largest_ball_mm(space: Workspace, target: Target) -> float:
    """A radius that the largest ball inside the target has at least."""
    low = target.required_kji.min(axis=0)
    filled = np.zeros(tuple((np.ptp(target.required_kji, axis=0) + 3).tolist()), dtype=bool)
    filled[tuple((target.required_kji - low + 1).T)] = True
    depth = float(edt.edt(filled, anisotropy=space.grid.spacing_kji_mm, black_border=True).max())
    # Between centers: the nearest center outside lies up to a voxel's diagonal beyond the last one inside.
    return depth - float(np.linalg.norm(space.spacing))


def _cover(space: Workspace, target: Target, device: Device, count: int) -> list[Placement] | None:
    """``count`` zones of one direction that cover the target, each with its middle where it may be."""
    points = target.required_kji * space.spacing
    forbidden = forbidden_to(space, device)
    for to_unit in roomiest_poses(space, extreme_points(points), device.zone_mm):
        for centers in _covers(points @ to_unit.T, count):
            middles = centers @ np.linalg.inv(to_unit).T
            axis = to_unit[0] / np.linalg.norm(to_unit[0])
            placements = [Placement(middle, axis, to_unit) for middle in middles]
            apart = forbidden is None or not any(comes_near(space, p, forbidden) for p in placements)
            if apart and all(_in_liver(space, p) for p in placements):
                return placements
    return None


def _covers(points: FloatArray, count: int) -> Iterator[FloatArray]:
    """Centers (count, 3) of unit balls that cover all ``points``; one set for each start that finds one."""
    points = points[np.lexsort(np.round(points, 6).T)]  # the order of the voxels in the file is no matter
    step = max(1, len(points) // POINTS)
    seen = np.vstack([extreme_points(points), points[::step]])
    for start in _starts(seen, count):
        centers, largest = start, np.inf
        while True:
            nearest = np.linalg.norm(seen[:, None] - centers, axis=2).argmin(axis=1)
            balls = [smallest_ball(seen[nearest == n]) for n in range(count) if (nearest == n).any()]
            centers, before = np.array([center for center, _ in balls]), largest
            largest = max(radius for _, radius in balls)
            if largest > EDGE:
                if largest > before * (1.0 - STALLED):
                    break
                continue
            missed = np.min([np.linalg.norm(points - c, axis=1) for c in centers], axis=0) > EDGE
            if not missed.any():
                yield centers
                break
            seen, largest = np.vstack([seen, points[missed][:: int(missed.sum()) // 50 + 1]]), np.inf


def _starts(points: FloatArray, count: int) -> Iterator[FloatArray]:
    """Points far from each other: from either end of each principal axis on, always the farthest next."""
    middle = points.mean(axis=0)
    _, _, axes = np.linalg.svd(points - middle, full_matrices=False)
    axes *= np.sign(axes[np.arange(len(axes)), np.abs(axes).argmax(axis=1)])[:, None]
    for axis in (*axes, *-axes):
        chosen = [points[int(np.argmax((points - middle) @ axis))]]
        while len(chosen) < count:
            distance = np.min([np.linalg.norm(points - c, axis=1) for c in chosen], axis=0)
            chosen.append(points[int(np.argmax(distance))])
        yield np.array(chosen)


def _spend_less(
    space: Workspace, target: Target, device: Device, placements: list[Placement]
) -> list[Placement]:
    """Put one zone after the other where it spends least, as long as that is less than before."""
    done = list(placements)
    for _ in range(SWEEPS):
        for n, old in enumerate(done):
            others = _destroyed(space, [p for m, p in enumerate(done) if m != n])
            alone = ~others & space.functional
            rest = target.required_kji[~others[tuple(target.required_kji.T)]]
            if len(rest) == 0:
                continue
            new = _best_for(space, rest, device, alone)
            spent = _spent(space, device, alone, old)
            if isinstance(new, Placement) and _spent(space, device, alone, new) < spent:
                done[n] = new
    return done


def _best_for(
    space: Workspace, rest_kji: Indices, device: Device, alone: BoolArray
) -> Placement | TooSmall | NoRoom:
    return best_placement(
        space,
        extreme_points(rest_kji * space.spacing),
        device.zone_mm,
        spends=lambda box: alone[box] & in_reach_of_heat(space, device, box),
        forbidden=forbidden_to(space, device),
    )


def _spent(space: Workspace, device: Device, alone: BoolArray, placement: Placement) -> int:
    box = zone_box(space, placement)
    spent = zone_in(space, placement, box) & alone[box] & in_reach_of_heat(space, device, box)
    return int(np.count_nonzero(spent))


def _destroyed(space: Workspace, placements: list[Placement]) -> BoolArray:
    mask = np.zeros(space.liver.shape, dtype=bool)
    for placement in placements:
        box = zone_box(space, placement)
        mask[box] |= zone_in(space, placement, box)
    return mask


def _in_liver(space: Workspace, placement: Placement) -> bool:
    nearest = np.rint(placement.center_mm / space.spacing).astype(int)
    inside = (nearest >= 0).all() and (nearest < space.liver.shape).all()
    return bool(inside and space.liver[tuple(nearest)])
