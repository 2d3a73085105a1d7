"""What every way from the roots of a graph to a node runs through.

The algorithm is that of Cooper, Harvey and Kennedy, "A simple, fast dominance algorithm" (2001).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import sparse
from scipy.sparse import csgraph

Index = npt.NDArray[np.int64]


def immediate_dominators(links: sparse.csr_array, roots: Index) -> tuple[Index, Index]:
    """Nodes that ``roots`` reach, each after its immediate dominator, and that dominator of every node.

    ``links`` is symmetric. The immediate dominator is the nearest other node without which no root
    would reach the node; -1 where there is none, for roots, and for nodes out of reach.
    """
    order = _preorder(links, roots)
    count = int(links.shape[0])
    rank = np.full(count + 1, -1, dtype=np.int64)
    rank[order] = np.arange(order.size)
    # By rank; 0 is a source before all roots, which every node is reached from.
    neighbors = [rank[links.indices[links.indptr[n] : links.indptr[n + 1]]].tolist() for n in order[1:]]
    for root in roots.tolist():
        neighbors[rank[root] - 1].append(0)
    nearest = _settled(neighbors)
    through = np.full(count, -1, dtype=np.int64)
    inner = np.asarray(nearest[1:], dtype=np.int64)
    through[order[1:][inner > 0]] = order[inner[inner > 0]]
    return order[1:], through


def _preorder(links: sparse.csr_array, roots: Index) -> Index:
    """Depth first from a source (node ``count``) that is linked to all roots."""
    count = int(links.shape[0])
    pairs = links.tocoo()
    rows = np.concatenate([pairs.row, np.full(roots.size, count)])
    columns = np.concatenate([pairs.col, roots])
    graph = sparse.coo_array((np.ones(rows.size), (rows, columns)), shape=(count + 1, count + 1))
    order = csgraph.depth_first_order(graph.tocsr(), count, directed=True, return_predecessors=False)
    return np.asarray(order, dtype=np.int64)


def _settled(neighbors: list[list[int]]) -> list[int]:
    """The nearest dominator of every rank, looked for until nothing changes."""
    nearest = [0] + [-1] * len(neighbors)
    changed = True
    while changed:
        changed = False
        for rank, beside in enumerate(neighbors, start=1):
            found = -1
            for other in beside:
                if nearest[other] >= 0:
                    found = other if found < 0 else _common(nearest, found, other)
            if found != nearest[rank]:
                nearest[rank], changed = found, True
    return nearest


def _common(nearest: list[int], a: int, b: int) -> int:
    while a != b:
        if a > b:
            a = nearest[a]
        else:
            b = nearest[b]
    return a
