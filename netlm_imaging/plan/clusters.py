"""Close lesions that one zone covers with all their margins: pairs and triples, found by geometry."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Sequence
from functools import cache
from itertools import chain, combinations

import numpy as np

from netlm_imaging.geometry import FloatArray
from netlm_imaging.plan.ablation import Target, why_cooled, with_margins, zone_of
from netlm_imaging.plan.candidates import Candidate, Refusal
from netlm_imaging.plan.covering import extreme_points, smallest_ball
from netlm_imaging.plan.devices import Device
from netlm_imaging.plan.losses import with_loss
from netlm_imaging.plan.problem import needed_voxels
from netlm_imaging.plan.side_by_side import side_by_side
from netlm_imaging.plan.workspace import Workspace
from netlm_imaging.plan.zones import EDGE, WIDTHS, half_sphere
from netlm_imaging.settings import AblationSettings, Modality

Group = tuple[int, ...]
"""Of targets by their places, or of lesions by their ids."""
Width = Callable[[Group], float]
"""Of the smallest ball around a group of targets, mm."""
MOST_GROUPS = 1000
"""Of a size, the narrowest: livers full of lesions would have millions. 150 lesions of which a sixth lies
close to others have about 500 of each."""


def cluster_ablations(
    space: Workspace,
    targets: Sequence[Target],
    single: Sequence[Candidate],
    *,
    settings: AblationSettings,
    devices: Sequence[Device],
    cleared_fraction: float,
) -> dict[Group, tuple[Candidate | Refusal, ...]]:
    """For pairs and triples of ``targets`` (lesion ids): for each modality its smallest zone that fits.

    No new one is made for a group that a zone of that modality clears already, which was made for some of
    its lesions (``single``, or a pair): it was put where it spends least with less to cover, and stands for
    the group. A group fits into no zone whose longest axis is shorter than the group is wide in any
    direction, or than the smallest ball around it: only groups that pass both are tried, at most
    ``MOST_GROUPS`` of a size. Of the others, those whose margins meet are refused too.
    """
    corners = [target.corners_mm for target in targets]
    width_mm = cache(lambda group: 2.0 * smallest_ball(np.vstack([corners[n] for n in group]))[1])
    groups = _groups(corners, width_mm, longest_mm=max((max(d.zone_mm) for d in devices), default=0.0))
    chosen = frozenset(groups)
    by_size = sorted(devices, key=lambda d: float(np.prod(d.zone_mm)))
    cleared = _Cleared(space, targets, cleared_fraction)
    cooled = cache(lambda n, device: why_cooled(space, targets[n], device, settings=settings))
    place = {target.lesions: n for n, target in enumerate(targets)}
    for candidate in single:
        if len(candidate.zones) == 1 and candidate.lesions in place:
            cleared.note(candidate, (place[candidate.lesions],))

    def with_modality(modality: Modality) -> list[tuple[Device, Group, Candidate | Refusal]]:
        return [
            (device, group, _attempt(space, targets, group, device, cleared, cooled, settings=settings))
            for size in (2, 3)
            for device in by_size
            for group in groups
            if device.modality == modality and len(group) == size
            if width_mm(group) <= max(device.zone_mm) * EDGE
        ]

    tried: dict[Group, list[Candidate | Refusal]] = defaultdict(list)
    attempts = chain.from_iterable(side_by_side(with_modality, {d.modality: d for d in devices}))
    for _, group, made in sorted(attempts, key=lambda attempt: by_size.index(attempt[0])):
        tried[group].append(made)
    for group in (*tried, *_close(space, targets, tried)):
        short = [d for d in devices if max(d.zone_mm) * EDGE < width_mm(group)]
        if short:
            needed = f"{with_margins(group, settings.margin_mm)} need a zone {width_mm(group):.1f} mm long"
            tried[group].append(Refusal(f"{needed}; {_longest(short)}"))
        if len(short) < len(devices) and group not in chosen:
            words = f"not tried: of the groups of {len(group)} lesions only the {MOST_GROUPS:,} narrowest are"
            tried[group].append(Refusal(words))
    return {tuple(targets[n].lesions[0] for n in group): tuple(tried[group]) for group in sorted(tried)}


def _attempt(
    space: Workspace,
    targets: Sequence[Target],
    group: Group,
    device: Device,
    cleared: _Cleared,
    cooled: Callable[[int, Device], Refusal | None],
    *,
    settings: AblationSettings,
) -> Candidate | Refusal:
    """One zone of ``device`` for ``group``, noted in ``cleared``; one that is there already is taken.

    ``cooled``: ``why_cooled`` of one target.
    """
    known = cleared.by(group, device.modality)
    if known is not None:
        return known
    for n in group:
        if (refusal := cooled(n, device)) is not None:
            return Refusal(f"{targets[n].name}: {refusal.why_not}")
    made = zone_of(space, _together(space, [targets[n] for n in group]), device, settings=settings)
    if isinstance(made, Candidate):
        made = with_loss(space, made)
        cleared.note(made, group)
    return made


class _Cleared:
    """Which targets the zones made so far clear, by modality and by what they were made for."""

    def __init__(self, space: Workspace, targets: Sequence[Target], cleared_fraction: float) -> None:
        self._place = np.full(space.liver.shape, len(targets), dtype=np.int32)
        for n, target in enumerate(targets):
            self._place[tuple(target.tumor_kji.T)] = n
        sizes = [len(target.tumor_kji) for target in targets]
        self._needed = np.array([needed_voxels(size, cleared_fraction) for size in sizes])
        self._held: dict[tuple[Modality, int], list[tuple[frozenset[int], Candidate]]] = defaultdict(list)

    def note(self, candidate: Candidate, group: Group) -> None:
        """A zone that was made for ``group``."""
        held = np.bincount(self._place.ravel()[candidate.voxels], minlength=len(self._needed) + 1)[:-1]
        inside = frozenset(np.flatnonzero(held >= self._needed).tolist())
        for n in group:
            self._held[candidate.zones[0].device.modality, n].append((inside, candidate))

    def by(self, group: Group, modality: Modality) -> Candidate | None:
        """The first zone that was made for some of ``group`` and clears all of it."""
        held = (entry for n in group for entry in self._held[modality, n])
        return next((candidate for inside, candidate in held if inside.issuperset(group)), None)


def _groups(corners: Sequence[FloatArray], width_mm: Width, *, longest_mm: float) -> list[Group]:
    """Pairs and triples of which the smallest ball is no wider than ``longest_mm``, the narrowest of them.

    No ball is narrower than what it holds is in any direction, which is told without it.
    """
    directions = half_sphere(WIDTHS)
    low = np.array([(points @ directions.T).min(axis=0) for points in corners]).reshape(-1, WIDTHS)
    high = np.array([(points @ directions.T).max(axis=0) for points in corners]).reshape(-1, WIDTHS)

    def fits(*group: int) -> bool:
        width = (high[list(group)].max(axis=0) - low[list(group)].min(axis=0)).max()
        return bool(width <= longest_mm * EDGE and width_mm(group) <= longest_mm * EDGE)

    extent = (np.maximum(high[:, None], high) - np.minimum(low[:, None], low)).max(axis=-1)
    near = np.triu(extent <= longest_mm * EDGE, k=1)
    fitting: list[Group] = [(a, b) for a, b in np.argwhere(near).tolist() if fits(a, b)]
    pairs = _narrowest(fitting, width_mm)
    beside = defaultdict(set)
    for a, b in pairs:
        beside[a].add(b)
    triples: list[Group] = [(a, b, c) for a, b in pairs for c in beside[a] & beside[b] if fits(a, b, c)]
    return [*pairs, *_narrowest(triples, width_mm)]


def _narrowest(groups: Sequence[Group], width_mm: Width) -> list[Group]:
    """In the order of their lesions."""
    return sorted(sorted(groups, key=width_mm)[:MOST_GROUPS])


def _close(space: Workspace, targets: Sequence[Target], tried: Collection[Group]) -> Iterator[Group]:
    """Pairs that were not tried whose margins share a voxel; triples of such pairs that were tried."""
    low = np.array([target.required_kji.min(axis=0) for target in targets]).reshape(-1, 3)
    high = np.array([target.required_kji.max(axis=0) for target in targets]).reshape(-1, 3)
    near = np.triu((np.maximum(low[:, None], low) <= np.minimum(high[:, None], high)).all(axis=-1), k=1)
    pairs = [(a, b) for a, b in np.argwhere(near).tolist()]
    known = set(pairs).intersection(tried)
    margin = cache(lambda n: space.flat(targets[n].required_kji))
    meet = cache(lambda a, b: np.intersect1d(margin(a), margin(b), assume_unique=True).size > 0)
    triples = [(a, b, c) for a, b in known for c in range(b + 1, len(targets)) if {(a, c), (b, c)} <= known]
    for group in (*pairs, *triples):
        if group not in tried and all(meet(*pair) for pair in combinations(group, 2)):
            yield group


def _longest(devices: Sequence[Device]) -> str:
    """Of several, with a word for the others."""
    longest = max(devices, key=lambda d: max(d.zone_mm))
    name = longest.name if len(devices) == 1 else f"{longest.name}, and smaller zones"
    return f"{name}: {max(longest.zone_mm):.3g} mm"


def _together(space: Workspace, targets: Sequence[Target]) -> Target:
    """All targets as one; voxels that several ask for once."""
    required = np.unique(np.concatenate([space.flat(t.required_kji) for t in targets]))
    return Target(
        lesions=tuple(n for t in targets for n in t.lesions),
        tumor_kji=np.concatenate([t.tumor_kji for t in targets]),
        required_kji=np.column_stack(np.unravel_index(required, space.grid.shape_kji)),
        corners_mm=extreme_points(np.vstack([t.corners_mm for t in targets])),
    )
