"""Small random livers with random candidates and limits, and the best of all subsets of these."""

from __future__ import annotations

from copy import copy
from dataclasses import replace
from functools import cached_property, lru_cache
from itertools import chain, combinations
from typing import cast

import numpy as np
from strategies import oblique_grid

from netlm_imaging.anatomy import Anatomy
from netlm_imaging.plan.candidates import Candidate, Zone
from netlm_imaging.plan.limits import Limits
from netlm_imaging.plan.optimize import Request
from netlm_imaging.plan.problem import make_problem
from netlm_imaging.plan.simulate import Simulation, simulate
from netlm_imaging.plan.workspace import workspace
from netlm_imaging.volume import LabelMap, Mask

CLEARED = 0.9
KINDS = ("enucleation", "wedge", "ablation")
ZONE = cast(Zone, "where it lies is no matter to the model")


class Random:
    """A small random liver with random candidates and limits."""

    def __init__(self, seed: int) -> None:
        rng = np.random.default_rng(seed)
        self._figures: dict[tuple[int, ...], Simulation] = {}
        grid = oblique_grid((5, 6, 7))
        liver = rng.random(grid.shape_kji) < 0.9
        lesions = np.zeros(grid.shape_kji, dtype=np.uint8)
        for n in range(1, int(rng.integers(2, 6))):
            k, j, i = (int(rng.integers(0, s - 2)) for s in grid.shape_kji)
            lesions[k : k + 2, j : j + 2, i : i + int(rng.integers(1, 4))] = n
        segments = 1 + np.arange(7)[None, None, :] + np.zeros(grid.shape_kji, dtype=int)
        self.anatomy = Anatomy(
            liver=Mask(liver, grid),
            lesions=LabelMap(np.where(liver, lesions, 0).astype(np.uint8), grid),
            segments=LabelMap(np.where(liver, segments, 0).astype(np.uint8), grid),
        )
        self.space = workspace(self.anatomy, major_vessel_mm=6.0)
        whole = [
            self._candidate("anatomical", [], {int(g) for g in rng.choice(7, int(rng.integers(1, 4)))})
            for _ in range(3)
        ]
        local = [self._candidate(KINDS[int(rng.integers(3))], self._block(rng), set()) for _ in range(6)]
        # Overlapping zones, one after the other: several interventions in one candidate.
        local = [
            replace(c, zones=(ZONE,) * int(rng.integers(1, 4))) if c.kind == "ablation" else c for c in local
        ]
        self.problem = make_problem(self.space, [*whole, *local], cleared_fraction=CLEARED)
        functional = self.problem.functional_voxels
        self.request = Request(
            limits=Limits(
                budget_voxels=int(rng.integers(0, functional)),
                interventions=int(rng.integers(1, 6)),
                resections=None if rng.random() < 0.5 else int(rng.integers(0, 4)),
                ablations=None if rng.random() < 0.5 else int(rng.integers(0, 3)),
                segments=int(rng.integers(0, 4)),
                must=frozenset({int(rng.integers(3, 9))} if rng.random() < 0.2 else ()),
                must_not=frozenset(int(c) for c in np.flatnonzero(rng.random(9) < 0.1)),
            ),
            threshold_percent=float(rng.choice([30, 50, 70])),
            symptomatic=tuple(self.problem.lesions[: int(rng.integers(0, 2))]),
            relative_gap=0.0,
        )

    @cached_property
    def cropped(self) -> Anatomy:
        """Inside the liver's box, as the space is."""
        return self.anatomy.cropped()

    def _block(self, rng: np.random.Generator) -> np.ndarray:
        """A box around a random lesion voxel, so that candidates overlap and some clear a lesion."""
        seeds = np.argwhere(self.cropped.lesions.array)
        k, j, i = seeds[int(rng.integers(len(seeds)))]
        reach = rng.integers(1, 3, size=6)
        block = np.zeros(self.space.liver.shape, dtype=bool)
        block[
            max(0, k - reach[0]) : k + reach[1] + 1,
            max(0, j - reach[2]) : j + reach[3] + 1,
            max(0, i - reach[4]) : i + reach[5] + 1,
        ] = True
        return np.flatnonzero(block & self.space.liver)

    def _candidate(self, kind, voxels, segments) -> Candidate:
        labels = frozenset(g + 1 for g in segments)
        return Candidate(kind=kind, name="", voxels=np.asarray(voxels, dtype=np.int64), segments=labels)

    def figures(self, chosen: tuple[int, ...]):
        """What ``chosen`` clears and loses, from voxels alone."""
        if chosen not in self._figures:
            self._figures[chosen] = self._simulated(chosen)
        return self._figures[chosen]

    def _simulated(self, chosen: tuple[int, ...]):
        candidates = [self.problem.candidates[c] for c in chosen]
        regions = []
        for candidate in candidates:
            mask = np.zeros(self.space.liver.shape, dtype=bool)
            mask.ravel()[candidate.region(self.space)] = True
            regions.append(mask)
        return simulate(self.cropped, regions, cleared_fraction=CLEARED)

    def interventions(self, chosen: tuple[int, ...]) -> int:
        """Each zone of an ablation counts."""
        return sum(max(1, len(self.problem.candidates[c].zones)) for c in chosen)

    def keeps(self, chosen: tuple[int, ...], limits: Limits) -> bool:
        counted = [self.problem.candidates[c] for c in chosen]
        segments = set().union(*(self.problem.candidates[c].segments for c in chosen))
        counts = (
            (self.interventions(chosen), limits.interventions),
            (sum(c.kind != "ablation" for c in counted), limits.resections),
            (sum(max(1, len(c.zones)) for c in counted if c.kind == "ablation"), limits.ablations),
            (len(segments), limits.segments),
        )
        return (
            all(limit is None or count <= limit for count, limit in counts)
            and limits.must.issubset(chosen)
            and limits.must_not.isdisjoint(chosen)
            # Last, for they take longest to count.
            and self.figures(chosen).lost_voxels <= limits.budget_voxels
            and limits.lesions.issubset(self.figures(chosen).cleared)
        )


@lru_cache(maxsize=8)
def _patient(seed: int) -> Random:
    return Random(seed)


def patient(seed: int) -> Random:
    """A random case whose ``request`` may be replaced; its subsets are counted once for all tests of it."""
    return copy(_patient(seed))


def value_of(case: Random, objective: str, chosen: tuple[int, ...]) -> tuple[float, ...]:
    """What is to be made small, first things first."""
    figures = case.figures(chosen)
    sizes = {o.lesion: o.voxels for o in figures.lesions}
    cleared = sum(sizes[n] for n in figures.cleared)
    spent = (figures.lost_voxels, case.interventions(chosen))
    if objective == "threshold":
        return (spent[0], -cleared, spent[1])
    if objective == "fewest":
        return (spent[1], spent[0], -cleared)
    if objective == "palliative":
        named = case.request.symptomatic
        if named:
            return (-sum(sizes[n] for n in figures.cleared if n in named), *spent)
        largest = sorted(sizes, key=lambda n: (-sizes[n], n))[:3]
        return (*(-int(n in figures.cleared) for n in largest), *spent)
    return (-cleared, *spent)


def best_of(case: Random, objective: str) -> tuple[float, ...] | None:
    limits = case.request.limits
    if objective not in ("sparing", "fewest"):
        limits = replace(limits, segments=None)
    everything = range(len(case.problem.candidates))
    subsets = chain.from_iterable(combinations(everything, size) for size in range(limits.interventions + 1))
    allowed = [s for s in subsets if case.keeps(s, limits)]
    if objective in ("threshold", "fewest"):
        needed = case.request.threshold_percent - 1e-9
        allowed = [s for s in allowed if case.figures(s).debulking_percent >= needed]
    return min((value_of(case, objective, s) for s in allowed), default=None)
