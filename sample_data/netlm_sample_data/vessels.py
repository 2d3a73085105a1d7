"""Portal and hepatic vein trees: fixed stems, branches grown into every segment, radii by Murray's law."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from netlm_sample_data.shapes import Tube

TWIG_RADIUS_MM = 1.2
"""Radius of the outermost branches: 2.4 mm wide, as thin as the scans can show."""
STEP_MM = 13.0
SERVED = {1: 3, 2: 7, 3: 7, 4: 9, 5: 9, 6: 9, 7: 10, 8: 11}
"""Outermost branches of each tree in each Couinaud segment."""

Point = tuple[float, float, float]

PORTAL_STEM: dict[str, tuple[str | None, Point]] = {
    "confluence": (None, (14, 12, -46)),
    "trunk": ("confluence", (-4, 6, -22)),
    "bifurcation": ("trunk", (-22, -2, -2)),
    "right": ("bifurcation", (-50, 2, 2)),
    "anterior": ("right", (-74, -16, 4)),
    "5": ("anterior", (-82, -30, -24)),
    "8": ("anterior", (-80, -26, 34)),
    "posterior": ("right", (-78, 26, 0)),
    "6": ("posterior", (-92, 34, -28)),
    "7": ("posterior", (-88, 36, 32)),
    "1": ("bifurcation", (-16, 8, 14)),
    "left": ("bifurcation", (-4, -20, 6)),
    "umbilical": ("left", (16, -38, 12)),
    "2": ("umbilical", (40, -30, 30)),
    "3": ("umbilical", (36, -56, 12)),
    "4": ("umbilical", (-8, -52, 6)),
}
HEPATIC_STEM: dict[str, tuple[str | None, Point]] = {
    "right root": (None, (-22, 16, 58)),
    "right": ("right root", (-56, 12, 40)),
    "7": ("right", (-82, 14, 34)),
    "right end": ("right", (-98, -3, 4)),
    "6": ("right end", (-106, -2, -28)),
    "middle root": (None, (-19, 10, 62)),
    "middle": ("middle root", (-27, -8, 36)),
    "8": ("middle", (-48, -22, 30)),
    "4": ("middle", (-20, -34, 26)),
    "5": ("middle", (-38, -32, -6)),
    "left root": (None, (-15, 8, 62)),
    "left": ("left root", (8, -20, 44)),
    "2": ("left", (38, -28, 40)),
    "3": ("left", (34, -46, 24)),
    "1": ("middle root", (-10, 12, 44)),
}


@dataclass(frozen=True, slots=True)
class Tree:
    """A branching vessel. Node 0.. in the order of growth; a root is its own parent."""

    nodes: npt.NDArray[np.float64]
    """(n, 3) LPS mm."""
    parents: npt.NDArray[np.intp]
    radii: npt.NDArray[np.float64]

    @property
    def tubes(self) -> tuple[Tube, ...]:
        """One tube from each node to its parent."""
        return tuple(
            Tube(
                _vector(self.nodes[p]),
                _vector(self.nodes[n]),
                self._mouth(int(n), int(p)),
                float(self.radii[n]),
            )
            for n, p in enumerate(self.parents)
            if n != p
        )

    def _mouth(self, node: int, parent: int) -> float:
        """A branch leaves its parent hardly wider than it is itself."""
        return float(min(self.radii[parent], 1.15 * self.radii[node]))


def grow(
    stem: dict[str, tuple[str | None, Point]],
    targets: dict[int, npt.NDArray[np.float64]],
    *,
    scale: float,
    rng: np.random.Generator,
) -> Tree:
    """A tree from ``stem`` to every target: {segment: (n, 3) points in LPS mm}."""
    names = list(stem)
    nodes = [np.asarray(point, float) * scale for _, point in stem.values()]
    parents = [n if parent is None else names.index(parent) for n, (parent, _) in enumerate(stem.values())]
    for segment, points in targets.items():
        start = names.index(str(segment))
        family = [start]
        order = np.argsort(np.linalg.norm(points - nodes[start], axis=1))
        for target in points[order]:
            gaps = [np.linalg.norm(target - nodes[n]) for n in family]
            nearest = family[int(np.argmin(gaps))]
            for point in _path(nodes[nearest], target, rng):
                nodes.append(point)
                parents.append(nearest)
                nearest = len(nodes) - 1
                family.append(nearest)
    links = np.asarray(parents)
    return Tree(np.asarray(nodes), links, _murray(links))


def _path(
    start: npt.NDArray[np.float64], end: npt.NDArray[np.float64], rng: np.random.Generator
) -> list[npt.NDArray[np.float64]]:
    """Points after ``start`` up to ``end``, a step apart, on a slightly bent line."""
    length = float(np.linalg.norm(end - start))
    count = max(1, round(length / STEP_MM))
    bend = rng.normal(0, 0.08 * length, 3)
    shares = np.arange(1, count + 1) / count
    return [start + s * (end - start) + 4 * s * (1 - s) * bend for s in shares]


def _murray(parents: npt.NDArray[np.intp]) -> npt.NDArray[np.float64]:
    """Radii whose cubes add up at every fork (Murray 1926)."""
    cubes = np.zeros(parents.size)
    children = np.bincount(parents[parents != np.arange(parents.size)], minlength=parents.size)
    for node in range(parents.size - 1, -1, -1):
        if children[node] == 0:
            cubes[node] = TWIG_RADIUS_MM**3
        if parents[node] != node:
            cubes[parents[node]] += cubes[node]
    return np.asarray(np.cbrt(cubes))


def _vector(point: npt.NDArray[np.float64]) -> Point:
    x, y, z = (float(v) for v in point)
    return (x, y, z)
