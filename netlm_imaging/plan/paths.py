"""Straight paths of a probe to an ablation zone, from the skin and from the liver's capsule (planner.md 6).

A probe arrives along the zone's axis, from either end; for a zone that is a ball every direction is
tried. Nothing is turned for the sake of a path: the zone stays as it covers its lesions. Several probes
run parallel, and their path is the cylinder around them.

What no mask shows is not seen: each path says what it was held against and what is not known.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from netlm_imaging.anatomy import Anatomy, Surroundings
from netlm_imaging.geometry import FloatArray
from netlm_imaging.plan import path_choice
from netlm_imaging.plan.candidates import Zone
from netlm_imaging.plan.path_choice import Reason
from netlm_imaging.plan.path_fields import INSIDE, LIVER, Field, Fields, make_fields
from netlm_imaging.plan.path_rays import STEP_MM, Index, Rays, boundary_mm, march, sphere
from netlm_imaging.plan.probes import bundle_radius_mm, tip_beyond_center_mm
from netlm_imaging.plan.records import ProbePath
from netlm_imaging.plan.shaft import FROM, Shaft, shaft_of, shaft_words
from netlm_imaging.plan.workspace import Workspace
from netlm_imaging.volume import Mask

MEASURE_STEP_MM = 0.25
NEAR_MM = 40.0
NO_SKIN = "From the skin: not known, for neither a mask nor the image shows the skin."


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """How an ablation is reached."""

    paths: tuple[ProbePath, ...]
    open_only: bool | None
    note: str | None
    shafts: tuple[Shaft, ...] = ()
    """Of a probe drawn by hand, as it was drawn: from the skin where that is known, and from the capsule."""

    @property
    def unsafe_as_drawn(self) -> bool:
        """Something known speaks against the probe as it was drawn, from the skin where that is known."""
        return bool(self.shafts) and not self.shafts[0].clear


NO_ACCESS = Access(paths=(), open_only=None, note=None)
"""Where paths were not looked for."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Ways:
    """All ways to the zones of one patient; the maps are made when the first is asked for."""

    anatomy: Anatomy
    """Whole, not cropped to the liver."""
    around: Surroundings | None
    space: Workspace
    clearance_mm: float

    def to(self, zones: Sequence[Zone], lesions: Sequence[int]) -> Access:
        """``access`` to ``zones``."""
        return access(self._fields, zones, lesions, clearance_mm=self.clearance_mm)

    def drawn(self, zone: Zone, lesions: Sequence[int]) -> Access:
        """``as_drawn``."""
        return as_drawn(self._fields, zone, lesions, clearance_mm=self.clearance_mm)

    def axis_to(self, zone: Zone, lesions: Sequence[int]) -> tuple[float, float, float] | None:
        """``best_axis`` to a zone that may still be turned."""
        return best_axis(self._fields, zone, lesions, clearance_mm=self.clearance_mm)

    @cached_property
    def _fields(self) -> Fields:
        major = self.space.major_vessels
        whole = None if major is None else Mask(major, self.space.grid).paste_into(self.anatomy.grid)
        return make_fields(self.anatomy, self.around, major_vessels=whole)


@dataclass(frozen=True, slots=True, eq=False)
class _Search:
    """The directions to one zone through one map that are left after a rough look."""

    field: Field
    zone: Zone
    tips: FloatArray
    outward: FloatArray
    rays: Rays
    tally: Counter[Reason]
    """Directions that are not possible, by the first reason."""
    chosen: tuple[int, ...]


def access(fields: Fields, zones: Sequence[Zone], lesions: Sequence[int], *, clearance_mm: float) -> Access:
    """The best paths to each of ``zones`` of an ablation meant for ``lesions``."""
    meant = np.asarray(lesions, dtype=np.int64)
    paths: list[ProbePath] = []
    notes: list[str] = []
    verdicts: list[bool | None] = []
    for number, zone in enumerate(zones, start=1):
        said = f"Zone {number}. " if len(zones) > 1 else ""
        open_only: bool | None = None
        for field in fields.known:
            search = _search(fields, field, zone, meant, clearance_mm=clearance_mm)
            found = tuple(_measured(fields, search, n, number, meant) for n in search.chosen)
            paths += found
            if field.approach == "percutaneous":
                open_only = _open_only(found, search)
            if not any(path.safe for path in found):
                notes.append(said + _why_none(search, found, clearance_mm=clearance_mm))
        verdicts.append(open_only)
    if fields.skin is None:
        notes.insert(0, NO_SKIN)
    ordered = sorted(paths, key=lambda path: (path.zone, path.approach == "operative"))
    return Access(paths=tuple(ordered), open_only=_worst(verdicts), note=" ".join(notes) or None)


def as_drawn(fields: Fields, zone: Zone, lesions: Sequence[int], *, clearance_mm: float) -> Access:
    """The one way of a probe drawn by hand: paths where it is possible, and what it meets in any case."""
    meant, outward = np.asarray(lesions, dtype=np.int64), -np.asarray(zone.axis_lps)[None]
    shafts = tuple(shaft_of(field, zone, meant, clearance_mm=clearance_mm) for field in fields.known)
    paths: list[ProbePath] = []
    for field, shaft in zip(fields.known, shafts, strict=True):
        if shaft.clear:
            search = _search(fields, field, zone, meant, clearance_mm=clearance_mm, outward=outward)
            paths += [_measured(fields, search, n, 1, meant) for n in search.chosen]
    notes = [NO_SKIN] if fields.skin is None else []
    if len(paths) < len(shafts):
        notes += shaft_words(shafts)
    return Access(
        paths=tuple(paths),
        open_only=_open_as_drawn(shafts),
        note=" ".join(notes) or None,
        shafts=shafts,
    )


def _open_as_drawn(shafts: Sequence[Shaft]) -> bool | None:
    """None where the skin is not seen, and of a probe that open surgery makes no safer."""
    first, last = shafts[0], shafts[-1]
    if first is last or first.beyond_image:
        return None
    if first.clear:
        return False
    return True if last.clear else None


def best_axis(
    fields: Fields, zone: Zone, lesions: Sequence[int], *, clearance_mm: float
) -> tuple[float, float, float] | None:
    """From skin or capsule towards the tip along the best path to a zone that may still be turned.

    None where every path comes too near to something.
    """
    meant = np.asarray(lesions, dtype=np.int64)
    possible: list[tuple[bool, tuple[float, float, float]]] = []
    for field in fields.known:
        search = _search(fields, field, zone, meant, clearance_mm=clearance_mm, outward=sphere())
        for path in search.chosen:
            axis = _triple(-search.outward[path])
            shaft = shaft_of(field, replace(zone, axis_lps=axis), meant, clearance_mm=clearance_mm)
            possible.append((not shaft.clear, axis))
    return min(possible, key=lambda one: one[0])[1] if possible else None


def _search(
    fields: Fields,
    field: Field,
    zone: Zone,
    meant: Index,
    *,
    clearance_mm: float,
    outward: FloatArray | None = None,
) -> _Search:
    """``outward``: the directions from tip to entry that are tried, by default all that fit the zone."""
    need = clearance_mm + bundle_radius_mm(zone.device)
    shaft = zone.device.shaft_length_mm
    outward = _outward(zone) if outward is None else outward
    tips = np.asarray(zone.center_lps_mm) - outward * tip_beyond_center_mm(zone.device)
    tally: Counter[Reason] = Counter()
    # Most directions fail near the tip: they are not followed all the way.
    for reach in (0.0, NEAR_MM):
        rays = march(field, tips, outward, reach_mm=min(reach, shaft), meant=meant)
        outside = ~rays.tip_in_liver
        near = path_choice.too_near(field, rays, need_mm=need) & ~outside
        tally += Counter({"tip outside": int(outside.sum()), "too near": int(near.sum())})
        tips, outward = tips[~outside & ~near], outward[~outside & ~near]
    rays = march(field, tips, outward, reach_mm=shaft, meant=meant)
    possible, rest = path_choice.possible(field, rays, need_mm=need)
    points = tips + outward * ((rays.liver_exit - 0.5) * STEP_MM)[:, None]
    angles = path_choice.capsule_angles(fields, points[possible], outward[possible])
    ordered = path_choice.ranked(field, rays, angles, possible)
    kept = path_choice.verified(field, rays, tips, outward, ordered, need_mm=need)
    chosen = tuple(path_choice.different(kept, rays, tips, outward))
    tally += rest
    if not chosen:
        tally["too near"] += len(possible)
    return _Search(field, zone, tips, outward, rays, tally, chosen)


def _outward(zone: Zone) -> FloatArray:
    """From tip to entry."""
    if zone.device.spherical:
        return sphere()
    axis = np.asarray(zone.axis_lps)
    return np.stack([axis, -axis])


def _measured(fields: Fields, search: _Search, path: int, number: int, meant: Index) -> ProbePath:
    field, rays = search.field, search.rays
    tip, outward = search.tips[path], search.outward[path]
    length = boundary_mm(field, tip, outward, bit=INSIDE, sample=int(rays.exit[path]))
    points = tip + outward * np.append(np.arange(0.0, length, MEASURE_STEP_MM), length)[:, None]
    distances = field.clearance_mm(points)
    nearest = int(distances.argmin())
    known = np.isfinite(distances[nearest])
    labels = np.unique(field.at(field.lesions, points))
    return ProbePath(
        zone=number,
        approach=field.approach,
        entry_lps_mm=_triple(points[-1]),
        tip_lps_mm=_triple(tip),
        length_mm=length,
        clearance_mm=float(distances[nearest]) - bundle_radius_mm(search.zone.device) if known else None,
        nearest_structure=field.nearest_structure(points[nearest]),
        angle_axial_deg=float(np.degrees(np.arcsin(np.clip(-outward[2], -1.0, 1.0)))),
        capsule_angle_deg=_capsule_angle(fields, search, path),
        liver_before_lesion_mm=float(rays.liver_before_lesion_mm[path]),
        enters_liver_twice=bool(path_choice.again(field, rays)[path]),
        crosses_lesions=tuple(int(n) for n in labels if n > 0 and n not in meant),
        checked=field.names,
        unknown=field.unknown,
    )


def _capsule_angle(fields: Fields, search: _Search, path: int) -> float:
    tip, outward = search.tips[path], search.outward[path]
    at = boundary_mm(search.field, tip, outward, bit=LIVER, sample=int(search.rays.liver_exit[path]))
    return float(path_choice.capsule_angles(fields, (tip + at * outward)[None], outward[None])[0])


def _open_only(found: Sequence[ProbePath], search: _Search) -> bool | None:
    if any(path.safe for path in found):
        return False
    return None if search.tally["beyond image"] else True


def _worst(verdicts: Sequence[bool | None]) -> bool | None:
    """One zone that needs open surgery is enough; one that is not known leaves the rest open."""
    if True in verdicts:
        return True
    return None if None in verdicts else False


def _why_none(search: _Search, found: Sequence[ProbePath], *, clearance_mm: float) -> str:
    start = f"{FROM[search.field.approach]}: no safe straight path"
    if found:
        return f"{start}; each crosses another lesion or enters the liver twice."
    device = search.zone.device
    words: dict[Reason, str] = {
        "tip outside": "would have the tip outside the liver",
        "too near": f"come within {clearance_mm:g} mm of {' or '.join(search.field.names)}",
        "beyond image": "leave the image first",
        "too long": f"need more than the {device.shaft_length_mm:g} mm of the shaft",
        "in the way": "have another part of the body or the table in the way",
    }
    said = ", ".join(
        f"{search.tally[reason]} {text}" for reason, text in words.items() if search.tally[reason]
    )
    count = len(_outward(search.zone))
    of = f"of {count} directions" if device.spherical else f"of the {count} along the axis of the zone"
    return f"{start}; {of} {said}."


def _triple(point: FloatArray) -> tuple[float, float, float]:
    x, y, z = point.tolist()
    return (x, y, z)
