"""The shaft of a probe drawn by hand, held against what planned paths keep clear of."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from netlm_imaging.geometry import FloatArray
from netlm_imaging.plan.candidates import Zone
from netlm_imaging.plan.path_choice import VERIFY_STEP_MM, again
from netlm_imaging.plan.path_fields import VESSELS, Field
from netlm_imaging.plan.path_rays import STEP_MM, Index, Rays, march
from netlm_imaging.plan.probes import bundle_radius_mm, tip_beyond_center_mm
from netlm_imaging.plan.records import Approach, StructureDistance

FROM = {"percutaneous": "From the skin", "operative": "From the capsule"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Shaft:
    """What it meets on its way to the tip by one approach."""

    approach: Approach
    near: tuple[StructureDistance, ...]
    """Those nearer to its surface than asked for, the nearest first; 0 or less: it runs through."""
    against: tuple[str, ...]
    """What else speaks against it, in words."""
    beyond_image: bool
    """Where it enters is not seen."""
    nearest: StructureDistance | None
    """Of all that are known."""
    unknown: tuple[str, ...]
    """Structures of which no mask tells where they are."""

    @property
    def clear(self) -> bool:
        """Nothing that is known speaks against it."""
        return not self.near and not self.against

    @property
    def words(self) -> str:
        """What it meets, in one sentence."""
        said = [f"through the {s.structure}" if s.distance_mm <= 0.0 else _apart(s) for s in self.near]
        said += self.against
        if not said:
            said = [
                "nothing known is in its way" if self.nearest is None else f"clear, {_apart(self.nearest)}"
            ]
        return f"{FROM[self.approach]}, the shaft as drawn: {'; '.join(said)}."


def shaft_words(shafts: Sequence[Shaft]) -> tuple[str, ...]:
    """Of all approaches to one zone, from the skin first: where that is clear, the others say no more."""
    if not shafts:
        return ()
    first = shafts[0]
    said = [first.words] if first.clear else [shaft.words for shaft in shafts]
    if first.unknown:
        said.append(f"Nothing is known of {', '.join(first.unknown)}.")
    return tuple(said)


def shaft_of(field: Field, zone: Zone, meant: Index, *, clearance_mm: float) -> Shaft:
    """The probe of ``zone``, which comes from where its axis comes from.

    From the capsule it is held against vessels also where it is outside the liver, as far as the map
    reaches: what else lies there can be moved aside at operation.
    """
    device, outward = zone.device, -np.asarray(zone.axis_lps)
    tip = np.asarray(zone.center_lps_mm) - outward * tip_beyond_center_mm(device)
    rays = march(field, tip[None], outward[None], reach_mm=device.shaft_length_mm, meant=meant)
    inside_mm = float(rays.exit[0]) * STEP_MM if rays.leaves[0] else device.shaft_length_mm
    way = _points(tip, outward, inside_mm)
    nearest = _nearest(field, way, radius_mm=bundle_radius_mm(device))
    near = {}
    if nearest is not None and round(nearest.distance_mm, 1) < clearance_mm:
        near = _near(field, way, zone, clearance_mm=clearance_mm)
        near = near or {nearest.structure: nearest.distance_mm}
    if field.approach == "operative":
        whole = _points(tip, outward, device.shaft_length_mm)
        beyond = _near(field, whole, zone, clearance_mm=clearance_mm)
        near |= {name: mm for name, mm in beyond.items() if name == VESSELS}
    return Shaft(
        approach=field.approach,
        near=tuple(
            StructureDistance(structure=name, distance_mm=mm)
            for name, mm in sorted(near.items(), key=lambda item: item[1])
        ),
        against=tuple(_against(field, rays, way, meant, shaft_mm=device.shaft_length_mm)),
        beyond_image=bool(rays.beyond_image[0]),
        nearest=nearest,
        unknown=field.unknown,
    )


def _points(tip: FloatArray, outward: FloatArray, length_mm: float) -> FloatArray:
    return np.asarray(tip + np.arange(0.0, length_mm + VERIFY_STEP_MM, VERIFY_STEP_MM)[:, None] * outward)


def _nearest(field: Field, way: FloatArray, *, radius_mm: float) -> StructureDistance | None:
    """Measured as that of a planned path."""
    distances = field.clearance_mm(way)
    at = int(distances.argmin())
    name = field.nearest_structure(way[at])
    if name is None:
        return None
    return StructureDistance(structure=name, distance_mm=float(distances[at]) - radius_mm)


def _near(field: Field, way: FloatArray, zone: Zone, *, clearance_mm: float) -> dict[str, float]:
    """mm to each structure that is too near, as rounded for people."""
    radius = bundle_radius_mm(zone.device)
    found = field.along_mm(way, within_mm=clearance_mm + radius)
    return {name: mm - radius for name, mm in found.items() if round(mm - radius, 1) < clearance_mm}


def _against(field: Field, rays: Rays, way: FloatArray, meant: Index, *, shaft_mm: float) -> Iterator[str]:
    """All but structures, in words."""
    if not rays.tip_in_liver[0]:
        yield "the tip is outside the liver"
    if rays.beyond_image[0]:
        yield "it leaves the image first"
    if not rays.leaves[0]:
        yield f"it needs more than the {shaft_mm:g} mm of the shaft"
    if field.approach == "percutaneous" and rays.comes_back[0]:
        yield "another part of the body or the table is in the way"
    if again(field, rays)[0]:
        yield "it enters the liver twice"
    crossed = [int(n) for n in np.unique(field.at(field.lesions, way)) if n > 0 and n not in meant]
    if crossed:
        yield f"through lesion {', '.join(map(str, crossed))}"


def _apart(structure: StructureDistance) -> str:
    return f"{structure.distance_mm:.1f} mm from the {structure.structure}"
