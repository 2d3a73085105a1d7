"""Several regions into one label array, where they may overlap: the smallest keeps the voxel."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from netlm_imaging.geometry import Grid

Part = tuple[int, slice, slice, npt.NDArray[np.bool_]]
"""Slice k, rows, columns, and True for the voxels inside among those."""


def label_type(labels: Iterable[int]) -> npt.DTypeLike:
    """The smallest type that holds the labels."""
    return np.uint8 if max(labels, default=0) < 2**8 else np.uint16


def paint(
    sizes: Mapping[int, float], parts: Callable[[int], Iterable[Part]], grid: Grid
) -> tuple[npt.NDArray[Any], float]:
    """Labels [k, j, i], and the mL that belong to several regions.

    ``sizes`` tells the size of each label, ``parts`` where it lies. The largest is painted first,
    so that a tumor stays visible inside its liver.
    """
    array = np.zeros(grid.shape_kji, dtype=label_type(sizes))
    shared = 0
    for label in sorted(sizes, key=lambda n: (-sizes[n], -n)):
        for k, rows, columns, inside in parts(label):
            plane = array[k, rows, columns]
            under = plane[inside]
            shared += int(np.count_nonzero((under > 0) & (under != label)))
            plane[inside] = label
    return array, shared * grid.voxel_ml
