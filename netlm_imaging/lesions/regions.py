"""The voxels of each label, one label at a time, and what a region encloses."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import cc3d
import numpy as np
import numpy.typing as npt
from scipy import ndimage

from netlm_imaging.geometry import Box, FloatArray
from netlm_imaging.volume import BoolArray, LabelMap, Mask


@dataclass(frozen=True, slots=True, eq=False)
class Region:
    """One label inside its bounding box."""

    label: int
    box: Box
    mask: BoolArray
    """Shape of ``box``."""

    @property
    def voxels(self) -> int:
        """Number of voxels."""
        return int(np.count_nonzero(self.mask))

    def indices_kji(self) -> FloatArray:
        """Array indices of its voxels on the whole grid, shape (n, 3)."""
        start = [s.start for s in self.box]
        return np.asarray(np.argwhere(self.mask) + start, dtype=np.float64)

    def outer_kji(self) -> FloatArray:
        """Array indices of its voxels with a face on what is not of it: the nearest to all others."""
        outer = self.mask & ~ndimage.binary_erosion(self.mask)
        return np.asarray(np.argwhere(outer) + [s.start for s in self.box], dtype=np.float64)

    def grown_box(self, shape_kji: tuple[int, ...], *, steps_kji: Sequence[int] = (1, 1, 1)) -> Box:
        """Its box with so many voxels more on every side, clipped to an array of ``shape_kji``."""
        k, j, i = (
            slice(max(0, s.start - more), min(n, s.stop + more))
            for s, n, more in zip(self.box, shape_kji, steps_kji, strict=True)
        )
        return (k, j, i)


def regions(labels: LabelMap) -> Iterator[Region]:
    """Every label of ``labels``, ascending."""
    return regions_of(labels.array)


def regions_of(array: npt.NDArray[Any]) -> Iterator[Region]:
    """Every positive value of an integer array [k, j, i], ascending."""
    values, dense = densified(array)
    for n, box in enumerate(ndimage.find_objects(dense)):
        yield Region(int(values[n]), box, dense[box] == n + 1)


def densified(array: npt.NDArray[Any]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int32]]:
    """The positive values ascending, and the array with the n-th of them written as n + 1.

    Labels may be any integers; tables indexed by the dense ones stay small.
    """
    where = np.flatnonzero(array)
    values, inverse = np.unique(array.ravel()[where], return_inverse=True)
    dense = np.zeros(array.shape, dtype=np.int32)
    dense.ravel()[where] = inverse + 1
    return values.astype(np.int64), dense


def label_components(mask: Mask) -> LabelMap:
    """The 26-connected components of ``mask`` as lesions 1, 2, ... in descending volume.

    Components of equal volume keep the order of their first voxel, so the result is reproducible.
    """
    voxels = mask.array.copy()  # cc3d refuses read-only arrays
    components, count = cc3d.connected_components(voxels, connectivity=26, return_N=True)
    sizes = np.bincount(components.ravel(), minlength=count + 1)[1:]
    order = np.argsort(-sizes, kind="stable")
    new_label = np.zeros(count + 1, dtype=np.int32)
    new_label[order + 1] = np.arange(1, count + 1)
    return LabelMap(new_label[components], mask.grid)


def enclosed(array: BoolArray) -> BoolArray:
    """Background voxels from which no path through faces leads out of ``array`` (its 3-D holes)."""
    background = np.pad(~array, 1, constant_values=True)
    components = cc3d.connected_components(background, connectivity=6)
    inner = components[1:-1, 1:-1, 1:-1]
    return np.asarray((inner != components[0, 0, 0]) & ~array)
