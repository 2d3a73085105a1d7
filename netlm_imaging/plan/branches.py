"""A mask of vessels as a tree of short pieces of branches, from its geometry alone.

Distances are geodesic: along the vessels, from voxel center to voxel center through faces, edges and
corners, in true mm. A piece is what hangs together of a branch within one step of that distance, a
slice across the branch about a voxel's diagonal thick.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import numpy as np
import numpy.typing as npt
from scipy import sparse
from scipy.sparse import csgraph

from netlm_imaging.geometry import FloatArray, Grid
from netlm_imaging.plan.distances import distance_mm
from netlm_imaging.volume import BoolArray

END_MM = 10.0
"""A vessel ends where it reaches no further within about this distance; its width there is the widest of
this stretch. Shorter twigs and bumps of a wall are no ends, and a part of the mask that is no longer
than this shows no course and is left out (ours)."""
STEP_TOLERANCE_MM = 1e-6

Index = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Branches:
    """The pieces of a vessel mask and how they hang together."""

    voxels: Index
    """Flat indices of the vessel voxels, ascending."""
    piece: Index
    """Which piece each of them is of."""
    links: sparse.csr_array
    """Symmetric, entry [a, b]: pieces a and b touch."""
    roots: Index
    """Pieces by which blood enters (or leaves)."""

    @property
    def count(self) -> int:
        """Number of pieces."""
        return int(self.links.shape[0])


def branches(vessels: BoolArray, grid: Grid, *, wide_mm: float, one_stem: bool) -> Branches | None:
    """Divide ``vessels`` [k, j, i] into pieces and find their roots; None where no part shows a course.

    Each part of the mask that hangs together is a tree of its own. Its root is its widest place (with
    ``one_stem``), or every place that is ``wide_mm`` wide: such a part may hold portal and hepatic
    veins that touch, each with a stem. A part that is nowhere so wide has its root at its widest end.
    """
    voxels = np.flatnonzero(vessels)
    width = 2.0 * distance_mm(~vessels, grid).ravel()[voxels]
    graph = _neighbors(vessels, voxels, grid)
    _, tree = csgraph.connected_components(graph, directed=False)
    along = _along(graph, _farthest(_along(graph, _widest(width, tree)), tree))
    long = _most(along, tree)[tree] > END_MM
    if not long.any():
        return None
    voxels, width, along, graph = voxels[long], width[long], along[long], graph[long][:, long]
    _, tree = np.unique(tree[long], return_inverse=True)
    piece = _pieces(graph, np.floor((along + STEP_TOLERANCE_MM) / _step_mm(grid)).astype(np.int64))
    links = _links(graph, piece)
    stems = width >= wide_mm - STEP_TOLERANCE_MM
    narrow = ~_most(stems, tree).astype(bool)[tree]
    if one_stem:
        stems[np.setdiff1d(np.flatnonzero(stems), _widest(width, tree))] = False
    ends = _widest_ends(
        links, piece, along=along, width=width, tree=tree, hops=round(END_MM / _step_mm(grid))
    )
    roots = np.union1d(piece[stems], ends[np.isin(ends, piece[narrow])])
    return Branches(voxels=voxels, piece=piece, links=links, roots=roots)


def _step_mm(grid: Grid) -> float:
    """No two neighboring voxels are further apart, so pieces that follow each other touch."""
    return float(np.linalg.norm(grid.spacing_mm))


def _neighbors(vessels: BoolArray, voxels: Index, grid: Grid) -> sparse.csr_array:
    """Distances (mm) between the vessel voxels that share a face, an edge or a corner, each pair once."""
    padded = np.pad(vessels, 1)
    place = np.full(padded.size, -1, dtype=np.int64)
    at = np.flatnonzero(padded)
    place[at] = np.arange(voxels.size)
    strides = np.array([padded.shape[1] * padded.shape[2], padded.shape[2], 1])
    rows, columns, lengths = [], [], []
    for offset in product((-1, 0, 1), repeat=3):
        if offset <= (0, 0, 0):
            continue
        beside = place[at + int(np.dot(offset, strides))]
        row = np.flatnonzero(beside >= 0)
        rows.append(row)
        columns.append(beside[row])
        lengths.append(np.full(row.size, np.linalg.norm(np.array(offset) * grid.spacing_kji_mm)))
    entries = (np.concatenate(lengths), (np.concatenate(rows), np.concatenate(columns)))
    return sparse.csr_array(sparse.coo_array(entries, shape=(voxels.size, voxels.size)))


def _along(graph: sparse.csr_array, sources: Index) -> FloatArray:
    """Geodesic distance of every voxel from the nearest source."""
    found = csgraph.dijkstra(graph, directed=False, indices=sources, min_only=True)
    return np.asarray(found)


def _widest(width: FloatArray, tree: Index) -> Index:
    """The voxels in the middle of the widest place of each tree."""
    return np.flatnonzero(width >= _most(width, tree)[tree] - STEP_TOLERANCE_MM)


def _most(values: FloatArray, group: Index) -> FloatArray:
    """The largest of ``values``, which are not negative, in each group 0, 1, ..."""
    most = np.zeros(int(group.max(initial=-1)) + 1)
    np.maximum.at(most, group, values)
    return most


def _farthest(along: FloatArray, tree: Index) -> Index:
    """The first of the voxels of each tree that lie farthest."""
    order = np.lexsort((-np.round(along, 6), tree))
    return np.asarray(order[np.unique(tree[order], return_index=True)[1]])


def _pieces(graph: sparse.csr_array, step: Index) -> Index:
    """Voxels of one step that hang together are one piece."""
    pairs = graph.tocoo()
    same = step[pairs.row] == step[pairs.col]
    inside = sparse.coo_array((np.ones(int(same.sum())), (pairs.row[same], pairs.col[same])), graph.shape)
    _, piece = csgraph.connected_components(inside, directed=False)
    return np.asarray(piece, dtype=np.int64)


def _links(graph: sparse.csr_array, piece: Index) -> sparse.csr_array:
    pairs = graph.tocoo()
    a, b = piece[pairs.row], piece[pairs.col]
    apart = a != b
    size = int(piece.max()) + 1
    ones = np.ones(2 * int(apart.sum()))
    ends = (np.concatenate([a[apart], b[apart]]), np.concatenate([b[apart], a[apart]]))
    links = sparse.csr_array(sparse.coo_array((ones, ends), shape=(size, size)))
    links.data[:] = 1.0
    return links


def _widest_ends(
    links: sparse.csr_array, piece: Index, *, along: FloatArray, width: FloatArray, tree: Index, hops: int
) -> Index:
    """One end of each tree: the widest, of equal ones the first."""
    farthest = _most(along, piece)
    caliber = _most_near(links, _most(width, piece), hops)
    is_end = farthest >= _most_near(links, farthest, hops)
    is_end[piece[along == 0.0]] = True
    ends = np.flatnonzero(is_end)
    tree_of = np.zeros(farthest.size, dtype=np.int64)
    tree_of[piece] = tree
    order = np.lexsort((ends, -np.round(caliber[ends], 6), tree_of[ends]))
    return np.asarray(ends[order[np.unique(tree_of[ends][order], return_index=True)[1]]])


def _most_near(links: sparse.csr_array, values: FloatArray, hops: int) -> FloatArray:
    """The largest of ``values`` in at most ``hops`` steps from each piece."""
    pairs = links.tocoo()
    for _ in range(hops):
        near = values.copy()
        np.maximum.at(near, pairs.row, values[pairs.col])
        values = near
    return values
