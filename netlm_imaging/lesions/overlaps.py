"""Several lesion files become one label map."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from netlm_imaging.errors import Fault, InputError, Notice
from netlm_imaging.lesions.regions import Region, regions
from netlm_imaging.volume import LabelMap, require_on

SAME_LESION_SHARE = 0.5
"""Lesions that share more than half of the smaller one may be one lesion given twice (ours)."""


def combine(parts: Sequence[LabelMap]) -> tuple[LabelMap, tuple[Notice, ...]]:
    """One label map of all lesions of all parts, in the order given.

    Ids are kept; an id that is taken becomes the next free number. A voxel that several lesions
    claim goes to the smallest of them, so that a small lesion inside a larger one stays a lesion
    of its own; between equal ones, to the one given first. Total tumor volume is that of the union.

    Raises InputError (NO_LESION_MAPS) for no parts, GridMismatch for parts on different grids.
    """
    if not parts:
        raise InputError(Fault(code="NO_LESION_MAPS", expected="at least one lesion map", found="none"))
    require_on(parts[0].grid, parts, what="all lesion maps on one grid")
    claims = _numbered(parts)
    combined = np.zeros(parts[0].grid.shape_kji, dtype=np.int32)
    # Written last wins: the smallest, and of equal ones the first given.
    for label, region in sorted(claims, key=lambda claim: claim[1].voxels)[::-1]:
        combined[region.box][region.mask] = label
    result = LabelMap(combined, parts[0].grid)
    return result, tuple(_notices(claims, result))


def _numbered(parts: Sequence[LabelMap]) -> list[tuple[int, Region]]:
    claims: list[tuple[int, Region]] = []
    taken: set[int] = set()
    reserved = max((label for part in parts for label in part.labels), default=0)
    for part in parts:
        for region in regions(part):
            label = region.label
            if label in taken:
                reserved += 1
                label = reserved
            taken.add(label)
            claims.append((label, region))
    return claims


def _notices(claims: list[tuple[int, Region]], result: LabelMap) -> list[Notice]:
    claimed = sum(region.voxels for _, region in claims)
    shared = claimed - int(np.count_nonzero(result.array))
    if shared == 0:
        return []
    message = (
        f"Lesions overlap by {shared * result.grid.voxel_ml:.2f} mL; each shared voxel counts once, "
        "for the smallest of them."
    )
    lost = sorted({label for label, _ in claims} - set(result.labels))
    if lost:
        message += f" Left out as copies of another lesion: {', '.join(map(str, lost))}."
    shrunken = _mostly_lost(claims, result)
    if shrunken:
        message += f" Check whether these were given twice: {', '.join(map(str, shrunken))}."
    return [Notice(code="LESIONS_OVERLAP", message=message, where="lesions")]


def _mostly_lost(claims: list[tuple[int, Region]], result: LabelMap) -> list[int]:
    kept = {region.label: region.voxels for region in regions(result)}
    return [
        label
        for label, region in claims
        if label in kept and kept[label] < (1 - SAME_LESION_SHARE) * region.voxels
    ]
