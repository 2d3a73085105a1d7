"""Which lesions of MR and PET are the same (clinical-rules 5)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import ndimage
from scipy.optimize import linear_sum_assignment

from netlm_imaging.errors import Notice
from netlm_imaging.geometry import FloatArray
from netlm_imaging.lesions.records import SeenOn
from netlm_imaging.lesions.regions import Region, densified, regions
from netlm_imaging.volume import LabelMap, require_on

ALIGNED_LIMIT_MM = 10.0
"""Centroids this near are one lesion after liver-to-liver alignment (ours)."""
UNALIGNED_LIMIT_MM = 25.0
"""Without alignment: lesions lay 23.3 mm apart between gated PET and breath-hold HBP
(EJNMMI Phys 2015, s40658-015-0125-0)."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Matching:
    """Lesions of MR and PET as one list."""

    labels: LabelMap
    """MR lesions as they are, and the PET lesions seen on PET alone under new ids."""
    seen_on: dict[int, tuple[SeenOn, ...]]
    pairs: tuple[tuple[int, int], ...]
    """(MR id, PET id as given) of every match."""
    uptake_regions: LabelMap
    """Where each lesion's uptake is read: its own contour and the PET contours matched to it alone."""
    approximate: bool
    notices: tuple[Notice, ...]


def match(mr: LabelMap, pet: LabelMap, *, aligned: bool) -> Matching:
    """Match the lesions of ``mr`` and ``pet``, on one grid.

    Lesions match when their masks touch (26 neighbors), one PET lesion with several MR lesions if
    need be, since PET blurs neighbors into one. Lesions that touch none are paired one to one, as
    many as possible and then as near as possible, where the centroids lie within max(10 mm, the
    larger equivalent radius); max(25 mm, radius) and ``approximate`` without alignment. A matched
    lesion keeps the MR contour, which resolves more. PET-only ids follow the highest MR id.

    Raises GridMismatch.
    """
    require_on(mr.grid, (pet,), what="MR and PET lesions on one grid")
    touching = _touching(mr, pet)
    limit_mm = ALIGNED_LIMIT_MM if aligned else UNALIGNED_LIMIT_MM
    free_mr = [r for r in regions(mr) if r.label not in {m for m, _ in touching}]
    free_pet = [r for r in regions(pet) if r.label not in {p for _, p in touching}]
    pairs = tuple(sorted(touching | _near(mr, free_mr, free_pet, limit_mm=limit_mm)))
    new_ids = _new_ids(mr, pet, pairs)
    return Matching(
        labels=_union(mr, pet, new_ids),
        seen_on=_seen_on(mr, pairs, new_ids),
        pairs=pairs,
        uptake_regions=_uptake_regions(mr, pet, pairs, new_ids),
        approximate=not aligned,
        notices=() if aligned else (_approximate_notice(limit_mm),),
    )


def _touching(mr: LabelMap, pet: LabelMap) -> set[tuple[int, int]]:
    pairs: set[tuple[int, int]] = set()
    for region in regions(pet):
        grown = region.grown_box(pet.grid.shape_kji)
        near = ndimage.binary_dilation(pet.array[grown] == region.label, np.ones((3, 3, 3)))
        pairs.update((int(m), region.label) for m in np.unique(mr.array[grown][near]) if m > 0)
    return pairs


def _near(on: LabelMap, mr: list[Region], pet: list[Region], *, limit_mm: float) -> set[tuple[int, int]]:
    if not mr or not pet:
        return set()
    mr_centers, mr_radii = _centers_and_radii(on, mr)
    pet_centers, pet_radii = _centers_and_radii(on, pet)
    apart = np.linalg.norm(mr_centers[:, None] - pet_centers[None], axis=-1)
    allowed = apart <= np.maximum(limit_mm, np.maximum(mr_radii[:, None], pet_radii[None]))
    # A forbidden pair costs more than all allowed ones together: as many matches as possible first.
    cost = np.where(allowed, apart, 1.0 + apart[allowed].sum())
    rows, columns = linear_sum_assignment(cost)
    chosen = zip(rows.tolist(), columns.tolist(), strict=True)
    return {(mr[r].label, pet[c].label) for r, c in chosen if allowed[r, c]}


def _centers_and_radii(on: LabelMap, items: list[Region]) -> tuple[FloatArray, FloatArray]:
    centers = np.stack([on.grid.to_patient(item.indices_kji().mean(axis=0)) for item in items])
    volumes_mm3 = np.array([item.voxels * on.grid.voxel_ml * 1000.0 for item in items])
    return centers, np.cbrt(volumes_mm3 * 3.0 / (4.0 * np.pi))


def _new_ids(mr: LabelMap, pet: LabelMap, pairs: tuple[tuple[int, int], ...]) -> dict[int, int]:
    matched = {p for _, p in pairs}
    first = max(mr.labels, default=0) + 1
    alone = [label for label in pet.labels if label not in matched]
    return {label: first + n for n, label in enumerate(alone)}


def _union(mr: LabelMap, pet: LabelMap, new_ids: dict[int, int]) -> LabelMap:
    return LabelMap(np.where(mr.array > 0, mr.array, _renamed(pet, new_ids)).astype(np.int32), mr.grid)


def _uptake_regions(
    mr: LabelMap, pet: LabelMap, pairs: tuple[tuple[int, int], ...], new_ids: dict[int, int]
) -> LabelMap:
    partners = [p for _, p in pairs]
    own = {p: m for m, p in pairs if partners.count(p) == 1}
    return _union(mr, pet, own | new_ids)


def _renamed(labels: LabelMap, names: dict[int, int]) -> npt.NDArray[np.int32]:
    values, dense = densified(labels.array)
    table = np.array([0, *(names.get(int(value), 0) for value in values)], dtype=np.int32)
    return np.asarray(table[dense])


def _seen_on(
    mr: LabelMap, pairs: tuple[tuple[int, int], ...], new_ids: dict[int, int]
) -> dict[int, tuple[SeenOn, ...]]:
    on_both = {m for m, _ in pairs}
    seen: dict[int, tuple[SeenOn, ...]] = {m: ("mr", "pet") if m in on_both else ("mr",) for m in mr.labels}
    seen.update(dict.fromkeys(new_ids.values(), ("pet",)))
    return seen


def _approximate_notice(limit_mm: float) -> Notice:
    message = (
        f"MR and PET could not be aligned: lesions were matched within {limit_mm:.0f} mm, approximately. "
        "Lesions seen on PET alone may be misplaced or counted twice."
    )
    return Notice(code="APPROXIMATE_MATCHING", message=message, where="pet")
