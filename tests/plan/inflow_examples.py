"""Small livers with vessel trees, and what a treatment costs in them, counted the slow way."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy import ndimage
from strategies import oblique_grid

from netlm_imaging.anatomy import Anatomy
from netlm_imaging.geometry import Grid
from netlm_imaging.plan.candidates import Candidate
from netlm_imaging.plan.inflow import Inflow
from netlm_imaging.plan.workspace import Workspace, workspace
from netlm_imaging.volume import BoolArray, LabelMap, Mask

EVERYWHERE = np.ones((3, 3, 3), dtype=bool)


def y_tree(grid: Grid) -> BoolArray:
    """A trunk along i in the middle that parts, at a third, into an arm to low j and one to high j."""
    _, height, length = grid.shape_kji
    middle, depth = height // 2, grid.shape_kji[0] // 2
    fork = length // 3
    vessels = np.zeros(grid.shape_kji, dtype=bool)
    vessels[depth - 2 : depth + 2, middle - 2 : middle + 2, : fork + 2] = True
    low, high = height // 4, height - height // 4
    vessels[depth - 1 : depth + 1, low:high, fork : fork + 2] = True
    vessels[depth - 1 : depth + 1, low : low + 2, fork : length - 3] = True
    vessels[depth - 1 : depth + 1, high - 2 : high, fork : length - 2] = True
    return vessels


def liver_with(
    vessels: BoolArray | None, grid: Grid, *, liver: BoolArray | None = None, **more: np.ndarray | None
) -> Anatomy:
    """A liver that fills ``grid``, without lesions."""
    liver = np.ones(grid.shape_kji, dtype=bool) if liver is None else liver
    parts = {n: Mask(a, grid) for n, a in more.items() if a is not None and n != "segments"}
    segments = more.get("segments")
    return Anatomy(
        liver=Mask(liver, grid),
        lesions=LabelMap(np.zeros(grid.shape_kji, dtype=np.uint8), grid),
        segments=None if segments is None else LabelMap(np.where(liver, segments, 0).astype(np.uint8), grid),
        vessels=None if vessels is None else Mask(vessels, grid),
        **parts,
    )


def block(space: Workspace, *spans: tuple[int, int], kind: str = "wedge") -> Candidate:
    """A resection of a box of voxels."""
    mask = np.zeros(space.liver.shape, dtype=bool)
    mask[tuple(slice(a, b) for a, b in spans)] = True
    return Candidate(kind=kind, name="", voxels=np.flatnonzero(mask & space.liver))


def slow_loss(space: Workspace, candidates: Sequence[Candidate], *, smallest_part_ml: float) -> BoolArray:
    """All functional liver that is lost, from the definitions, one piece and one part at a time."""
    treated, cut, whole = np.zeros((3, *space.liver.shape), dtype=bool)
    for candidate in candidates:
        region = np.zeros(space.liver.size, dtype=bool)
        region[candidate.region(space)] = True
        region = region.reshape(space.liver.shape)
        treated |= region
        if candidate.segments:
            whole |= region
        elif not candidate.zones:
            cut |= region
    left = space.functional & ~treated
    living = None
    if space.inflow is not None:
        dead = slow_dead(space.inflow, cut, whole)
        left &= ~np.isin(space.inflow.territory, list(dead))
        living = np.isin(space.inflow.place, [p for p in range(space.inflow.sizes.size) if p not in dead])
        all_vessels = space.inflow.place >= 0
    before = _living_parts(space, space.functional, None if living is None else all_vessels, smallest_part_ml)
    after = _living_parts(space, left, living, smallest_part_ml)
    return space.functional & ~(left & (after | ~before))


def _living_parts(
    space: Workspace, left: BoolArray, living: BoolArray | None, smallest_part_ml: float
) -> BoolArray:
    outside = ~np.pad(ndimage.binary_fill_holes(space.liver), 1)
    surface = ndimage.binary_dilation(outside)[1:-1, 1:-1, 1:-1]
    labels, count = ndimage.label(left, EVERYWHERE)
    found = np.zeros_like(left)
    for n in range(1, count + 1):
        part = labels == n
        if living is None:
            large = part.sum() * space.grid.voxel_ml >= smallest_part_ml
            alive = large and bool((part & surface).any())
        else:
            alive = bool((ndimage.binary_dilation(part, EVERYWHERE) & living).any())
        if alive:
            found |= part
    return found


def slow_dead(inflow: Inflow, cut: BoolArray, whole: BoolArray) -> set[int]:
    """Pieces without inflow."""
    everything = set(range(inflow.sizes.size))
    interrupted = set()
    for piece in everything:
        here = inflow.place == piece
        if 2 * (here & cut).sum() >= here.sum():
            interrupted.add(piece)
        elif whole.any() and 2 * (here & (cut | whole)).sum() >= here.sum() and not inflow.wide[piece]:
            behind = list((everything - _reached(inflow, everything - {piece})) | {piece})
            land = np.isin(inflow.territory, behind)
            if 2 * (land & whole).sum() >= land.sum():
                interrupted.add(piece)
    return everything - _reached(inflow, everything - interrupted)


def _reached(inflow: Inflow, open_: set[int]) -> set[int]:
    links = inflow.branches.links
    found = [p for p in inflow.branches.roots.tolist() if p in open_]
    seen = set(found)
    while found:
        piece = found.pop()
        for beside in links.indices[links.indptr[piece] : links.indptr[piece + 1]].tolist():
            if beside in open_ and beside not in seen:
                seen.add(beside)
                found.append(beside)
    return seen


class RandomLiver:
    """A small liver with random vessels and overlapping candidates of every kind."""

    def __init__(self, seed: int, *, vessels: bool) -> None:
        self.rng = rng = np.random.default_rng(seed)
        grid = oblique_grid((9, 11, 13), (2.0, 2.3, 1.7))
        liver = rng.random(grid.shape_kji) < 0.97
        liver[:, :, 0] = liver[0, 0, :] = True
        segments = 1 + np.arange(13)[None, None, :] // 2 + np.zeros(grid.shape_kji, dtype=int)
        self.smallest_part_ml = 1.0
        self.anatomy = liver_with(
            self._walks(grid) if vessels else None, grid, liver=liver, segments=segments
        )
        self.space = workspace(self.anatomy, major_vessel_mm=6.0, smallest_part_ml=self.smallest_part_ml)
        whole = [
            Candidate(
                kind="anatomical",
                name="",
                voxels=np.empty(0, dtype=np.int64),
                segments=frozenset(rng.choice(np.arange(1, 8), size, replace=False).tolist()),
            )
            for size in (1, 2)
        ]
        slabs = [self._block(thin) for thin in (True, True, True, False, False)]
        self.candidates = [*whole, *slabs]

    def _walks(self, grid: Grid) -> BoolArray:
        vessels = np.zeros(grid.shape_kji, dtype=bool)
        vessels[3:6, 4:7, 0:5] = True
        for _ in range(5):
            place = np.array([4, 5, 2])
            for _ in range(12):
                step = self.rng.integers(-1, 2, size=3)
                step[2] += self.rng.random() < 0.5
                place = np.clip(place + step, 0, np.array(grid.shape_kji) - 1)
                vessels[tuple(place)] = True
        return vessels

    def _block(self, thin: bool) -> Candidate:
        spans = []
        across = int(self.rng.integers(3))
        for axis, size in enumerate(self.space.liver.shape):
            if thin and axis != across:
                spans.append((0, size) if self.rng.random() < 0.6 else (0, size // 2))
            else:
                start = int(self.rng.integers(1, size - 3))
                spans.append((start, start + 2))
        return block(self.space, *spans)
