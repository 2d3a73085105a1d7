"""Close lesions that one zone covers with all their margins: pairs and triples, found by geometry."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from functools import cache

import numpy as np

from netlm_imaging.geometry import FloatArray
from netlm_imaging.plan.ablation import Target, why_cooled, zone_of
from netlm_imaging.plan.candidates import Candidate
from netlm_imaging.plan.covering import extreme_points, smallest_ball
from netlm_imaging.plan.devices import Device
from netlm_imaging.plan.problem import needed_voxels
from netlm_imaging.plan.workspace import Workspace
from netlm_imaging.plan.zones import EDGE
from netlm_imaging.settings import AblationSettings, Modality

Width = Callable[[tuple[int, ...]], float]
"""Of the smallest ball around a group of targets, mm."""


def cluster_ablations(
    space: Workspace,
    targets: Sequence[Target],
    single: Sequence[Candidate],
    *,
    settings: AblationSettings,
    devices: Sequence[Device],
    cleared_fraction: float,
) -> tuple[Candidate, ...]:
    """One candidate for each pair and triple of ``targets`` and each modality: its smallest zone that fits.

    Left out are groups that a zone of that modality clears already, which was made for some of their
    lesions (``single``, or a pair): it was put where it spends least with less to cover. A group fits
    into no zone whose longest axis is shorter than the group is wide in any direction, or than the
    smallest ball around it: only groups that pass both are tried.
    """
    corners = [target.corners_mm for target in targets]
    cleared = _Cleared(space, targets, cleared_fraction)
    place = {target.lesions: n for n, target in enumerate(targets)}
    for candidate in single:
        if len(candidate.zones) == 1 and candidate.lesions in place:
            cleared.note(candidate, (place[candidate.lesions],))
    width_mm = cache(lambda group: 2.0 * smallest_ball(np.vstack([corners[n] for n in group]))[1])
    cooled = cache(lambda n, device: why_cooled(space, targets[n], device, settings=settings) is not None)
    found: list[tuple[tuple[int, ...], Candidate]] = []
    for size in (2, 3):
        for device in sorted(devices, key=lambda d: float(np.prod(d.zone_mm))):
            for group in _groups(corners, width_mm, longest_mm=max(device.zone_mm), size=size):
                if cleared.has(group, device.modality) or any(cooled(n, device) for n in group):
                    continue
                target = _together(space, [targets[n] for n in group])
                made = zone_of(space, target, device, settings=settings)
                if isinstance(made, Candidate):
                    cleared.note(made, group)
                    found.append((group, made))
    return tuple(candidate for _, candidate in sorted(found, key=lambda entry: entry[0]))


class _Cleared:
    """Which targets the zones made so far clear, by modality and by what they were made for."""

    def __init__(self, space: Workspace, targets: Sequence[Target], cleared_fraction: float) -> None:
        self._place = np.full(space.liver.shape, len(targets), dtype=np.int32)
        for n, target in enumerate(targets):
            self._place[tuple(target.tumor_kji.T)] = n
        sizes = [len(target.tumor_kji) for target in targets]
        self._needed = np.array([needed_voxels(size, cleared_fraction) for size in sizes])
        self._held: dict[tuple[Modality, int], list[frozenset[int]]] = defaultdict(list)

    def note(self, candidate: Candidate, group: tuple[int, ...]) -> None:
        """A zone that was made for ``group``."""
        held = np.bincount(self._place.ravel()[candidate.voxels], minlength=len(self._needed) + 1)[:-1]
        inside = frozenset(np.flatnonzero(held >= self._needed).tolist())
        for n in group:
            self._held[candidate.zones[0].device.modality, n].append(inside)

    def has(self, group: tuple[int, ...], modality: Modality) -> bool:
        """Whether a zone that was made for some of ``group`` clears all of it."""
        return any(inside.issuperset(group) for n in group for inside in self._held[modality, n])


def _groups(
    corners: Sequence[FloatArray], width_mm: Width, *, longest_mm: float, size: int
) -> Iterator[tuple[int, ...]]:
    """Pairs or triples of which the smallest ball is no wider than ``longest_mm``."""
    low = np.array([points.min(axis=0) for points in corners]).reshape(-1, 3)
    high = np.array([points.max(axis=0) for points in corners]).reshape(-1, 3)
    extent = (np.maximum(high[:, None], high) - np.minimum(low[:, None], low)).max(axis=-1)
    near = np.triu(extent <= longest_mm * EDGE, k=1)
    pairs = {(a, b) for a, b in np.argwhere(near).tolist() if width_mm((a, b)) <= longest_mm * EDGE}
    if size == 2:
        yield from sorted(pairs)
        return
    for a, b in sorted(pairs):
        for c in range(b + 1, len(corners)):
            if (a, c) in pairs and (b, c) in pairs and width_mm((a, b, c)) <= longest_mm * EDGE:
                yield a, b, c


def _together(space: Workspace, targets: Sequence[Target]) -> Target:
    """All targets as one; voxels that several ask for once."""
    required = np.unique(np.concatenate([space.flat(t.required_kji) for t in targets]))
    return Target(
        lesions=tuple(n for t in targets for n in t.lesions),
        tumor_kji=np.concatenate([t.tumor_kji for t in targets]),
        required_kji=np.column_stack(np.unravel_index(required, space.grid.shape_kji)),
        corners_mm=extreme_points(np.vstack([t.corners_mm for t in targets])),
    )
