"""Which images of one SeriesInstanceUID make one volume.

The rule, in this order (every step that was used is named in a notice):

1. images at more than one orientation, each with a stack of its own: one series an orientation;
2. several images at one position: split by the first of b-value, echo, image type, temporal
   position, acquisition number, trigger time and acquisition time whose values make few enough
   complete stacks; again, until no position is used twice or no attribute helps. Where another of
   them makes stacks of other images out of the same ones, nothing is split and that is a fault;
3. the times differ at every slice: by the order of the times at each position;
4. slices of several kinds (b-value, echo time, image type, kernel, contrast agent) at positions of
   their own: split where each kind is a good stack by itself, else a fault;
5. what is left twice is the same image twice (dropped) or a fault.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from netlm_imaging.errors import Fault
from netlm_imaging.ingest.header import Header
from netlm_imaging.ingest.kinds import KINDS, b_values, echo_times
from netlm_imaging.ingest.stack import MINIMUM_SLICES, build_stack

LOCALIZER_SLICES = 10
"""Three perpendicular stacks with fewer images each are a localizer."""
APART_DEGREES = 5.0
"""Orientations closer than this are meant to be one stack (and are refused if not equal)."""
COMPLETE_FRACTION = 0.5
"""A part is a stack of its own when it holds at least this share of all positions."""

Group = list[Header]
Keys = Callable[[Sequence[Header]], list[Any]]


def _each(attribute: Callable[[Header], Any]) -> Keys:
    return lambda headers: [attribute(h) for h in headers]


def _echoes(headers: Sequence[Header]) -> list[Any]:
    return list(zip([h.echo_number for h in headers], echo_times(headers), strict=True))


_TIMES: tuple[tuple[str, Callable[[Header], Any]], ...] = (
    ("trigger time", lambda h: h.trigger_ms),
    ("acquisition time", lambda h: h.acquired),
)
_ATTRIBUTES: tuple[tuple[str, Keys], ...] = (
    ("b-value", b_values),
    ("echo", _echoes),
    ("image type", _each(lambda h: h.image_type)),
    ("temporal position", _each(lambda h: h.temporal_position)),
    ("acquisition number", _each(lambda h: h.acquisition_number)),
    *((name, _each(time)) for name, time in _TIMES),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """The images of one volume and the attributes it was told apart by."""

    headers: tuple[Header, ...]
    split_by: tuple[str, ...] = ()
    faults: tuple[Fault, ...] = ()
    """Why it could not be told apart (codes without ``where``)."""


def split(headers: Sequence[Header]) -> tuple[Part, ...]:
    """The volumes of one SeriesInstanceUID, in order of the attributes that tell them apart."""
    by_orientation = orientation_groups(headers)
    if len(by_orientation) > 1 and all(len(group) >= MINIMUM_SLICES for group in by_orientation):
        parts = [Part(headers=tuple(g), split_by=("orientation",)) for g in by_orientation]
    else:
        parts = [Part(headers=tuple(headers))]
    apart = [piece for part in parts for piece in _split_repeats(part)]
    return tuple(piece for part in apart for piece in ([part] if part.faults else _split_kinds(part)))


def orientation_groups(headers: Sequence[Header]) -> list[Group]:
    """Images whose planes are less than 5 degrees apart, largest group first."""
    groups: list[tuple[Any, Group]] = []
    limit = np.cos(np.radians(APART_DEGREES))
    for h in headers:
        axes = _axes(h)
        for seen, group in groups:
            if axes is None or seen is None:
                alike = axes is seen
            else:
                alike = bool(((axes * seen).sum(axis=1) > limit).all())
            if alike:
                group.append(h)
                break
        else:
            groups.append((axes, [h]))
    return sorted((group for _, group in groups), key=len, reverse=True)


def is_localizer(headers: Sequence[Header]) -> bool:
    """Three perpendicular stacks of a few images each (the scout before a scan)."""
    groups = orientation_groups(headers)
    if len(groups) < 3 or len(groups[0]) >= LOCALIZER_SLICES:
        return False
    axes = [_axes(group[0]) for group in groups[:3]]
    normals = np.array([np.cross(a[0], a[1]) if a is not None else np.zeros(3) for a in axes])
    return bool(abs(np.linalg.det(normals)) > 0.8)


def by_position(headers: Sequence[Header]) -> dict[tuple[float, ...], Group]:
    """Images by position, rounded to 0.01 mm; those without a position are left out."""
    groups: dict[tuple[float, ...], Group] = defaultdict(list)
    for h in headers:
        if h.position is not None and np.isfinite(h.position).all():
            groups[tuple(round(p, 2) + 0.0 for p in h.position)].append(h)
    return dict(groups)


def _split_repeats(part: Part) -> list[Part]:
    positions = by_position(part.headers)
    most = max((len(group) for group in positions.values()), default=0)
    if most < 2 or len(positions) < MINIMUM_SLICES:
        return [part]
    ways = [
        (name, groups)
        for name, keys in _ATTRIBUTES
        if 1 < len(groups := _grouped(part.headers, keys)) <= most and _complete(groups, len(positions))
    ]
    if other := _contradiction(ways):
        return [replace(part, faults=(_ambiguous(ways[0][0], other),))]
    if ways:
        name, groups = ways[0]
        by = (*part.split_by, name)
        return [piece for g in groups for piece in _split_repeats(Part(headers=tuple(g), split_by=by))]
    return _split_by_order(part, positions, most) or [part]


def _contradiction(ways: Sequence[tuple[str, Sequence[Group]]]) -> str:
    """The attribute that leaves no position used twice, as the first does, by other groups; or none."""
    alone = [(name, groups) for name, groups in ways if all(_no_repeats(group) for group in groups)]
    if not alone or alone[0][0] != ways[0][0]:
        return ""
    first, *others = [(name, {frozenset(map(id, group)) for group in groups}) for name, groups in alone]
    return next((name for name, groups in others if groups != first[1]), "")


def _no_repeats(group: Group) -> bool:
    return len(by_position(group)) == len(group)


def _ambiguous(one: str, other: str) -> Fault:
    return Fault(
        code="SPLIT_AMBIGUOUS",
        expected="attributes that tell the volumes of a series apart in one way",
        found=f"{one} and {other}, which do so in two",
        remedy="Export each volume as a series of its own",
    )


def _split_kinds(part: Part) -> list[Part]:
    """One part a kind of image, where each is a good stack by itself."""
    for kind in KINDS:
        groups = _grouped(part.headers, kind.keys)
        if len(groups) > 1 and all(build_stack(group).grid is not None for group in groups):
            by = (*part.split_by, kind.name)
            return [Part(headers=tuple(group), split_by=by) for group in groups]
    return [part]


def _grouped(headers: Sequence[Header], keys: Keys) -> list[Group]:
    groups: dict[Any, Group] = defaultdict(list)
    for key, h in zip(keys(headers), headers, strict=True):
        groups[key].append(h)
    return [groups[key] for key in sorted(groups, key=_sortable)]


def _sortable(key: Any) -> tuple[Any, ...]:
    values = key if isinstance(key, tuple) else (key,)
    return tuple((value is not None, value if value is not None else 0) for value in values)


def _complete(groups: Sequence[Group], positions: int) -> bool:
    return all(len(by_position(group)) >= COMPLETE_FRACTION * positions for group in groups)


def _split_by_order(part: Part, positions: dict[tuple[float, ...], Group], most: int) -> list[Part]:
    for name, attribute in _TIMES:
        moments = [{attribute(h) for h in group} for group in positions.values()]
        if all(len(found) == most and None not in found for found in moments) and all(
            len(group) == most for group in positions.values()
        ):
            ranked = [sorted(group, key=attribute) for group in positions.values()]
            return [
                Part(
                    headers=tuple(group[n] for group in ranked),
                    split_by=(*part.split_by, f"order of {name} at each position"),
                )
                for n in range(most)
            ]
    return []


def _axes(h: Header) -> Any:
    if h.orientation is None or len(h.orientation) != 6 or not np.isfinite(h.orientation).all():
        return None
    return np.reshape(np.array(h.orientation), (2, 3))
