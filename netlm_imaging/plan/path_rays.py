"""Many straight paths at once through one map, from the tip outward, in steps of a millimeter."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt

from netlm_imaging.geometry import FloatArray
from netlm_imaging.plan.path_fields import BEYOND, INSIDE, LESION, LIVER, Codes, Field
from netlm_imaging.volume import BoolArray

STEP_MM = 1.0
DIRECTIONS = 2000
"""Tried for a zone that is a ball: 4.5 degrees apart."""
FINEST_MM = 0.02

Index = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Rays:
    """What the voxels nearest to each path's samples say; one value a path."""

    exit: Index
    """Samples from the tip to the first that is out of the body (or liver); 0 where the tip is."""
    leaves: BoolArray
    """There is such a sample within reach."""
    beyond_image: BoolArray
    """It lies beyond the image: no skin is seen there."""
    comes_back: BoolArray
    """Into the body (or liver), within reach of the shaft."""
    tip_in_liver: BoolArray
    liver_exit: Index
    """Samples from the tip to the first that is out of the liver."""
    liver_again: BoolArray
    """Out of the liver and into it again on the way."""
    liver_before_lesion_mm: FloatArray
    distance_mm: FloatArray
    """The smallest on the way to a structure's surface."""
    crosses: BoolArray
    """A lesion that is not meant."""


def march(field: Field, tips: FloatArray, outward: FloatArray, *, reach_mm: float, meant: Index) -> Rays:
    """Follow paths from ``tips`` along unit vectors ``outward``, both of shape (n, 3) in LPS mm.

    ``meant``: labels of the lesions that may be crossed.
    """
    flat = _voxels(field, tips, outward, reach_mm=reach_mm)
    codes = field.codes.ravel()[flat]
    inside = (codes & INSIDE) > 0
    leaves = np.asarray(~inside.all(axis=1))
    exit_ = np.where(leaves, inside.argmin(axis=1), inside.shape[1])
    at_exit = codes[np.arange(len(codes)), np.minimum(exit_, inside.shape[1] - 1)]
    comes_back = np.asarray(inside.sum(axis=1) > exit_)
    most = int(exit_.max(initial=0)) + 1
    flat, codes = flat[:, :most], codes[:, :most]
    before = np.arange(flat.shape[1]) < exit_[:, None]
    liver = before & ((codes & LIVER) > 0)
    liver_exit = np.where(liver.all(axis=1), liver.shape[1], liver.argmin(axis=1))
    return Rays(
        exit=exit_,
        leaves=leaves,
        beyond_image=leaves & ((at_exit & BEYOND) > 0),
        comes_back=comes_back,
        tip_in_liver=liver[:, 0],
        liver_exit=liver_exit,
        liver_again=np.asarray(liver.sum(axis=1) > liver_exit),
        liver_before_lesion_mm=_before_lesion(codes, liver_exit),
        distance_mm=_nearest(field, flat, before),
        crosses=_crosses(field, flat, before & ((codes & LESION) > 0), meant),
    )


def _voxels(field: Field, tips: FloatArray, outward: FloatArray, *, reach_mm: float) -> Index:
    """Flat indices of the voxels nearest to each sample, shape (paths, samples)."""
    along = np.arange(int(reach_mm / STEP_MM) + 1, dtype=np.float32) * np.float32(STEP_MM)
    first = field.grid.to_index(tips).astype(np.float32)
    step = (field.grid.to_index(tips + outward) - first).astype(np.float32)
    flat = np.zeros((len(tips), along.size), dtype=np.int32)
    for axis, size in enumerate(field.codes.shape):
        index = first[:, axis, None] + step[:, axis, None] * along
        np.rint(index, out=index)
        np.clip(index, 0, size - 1, out=index)
        flat *= size
        flat += index.astype(np.int32)
    return flat  # type: ignore[return-value]


def _before_lesion(codes: Codes, liver_exit: Index) -> FloatArray:
    samples = np.arange(codes.shape[1])
    tumor = ((codes & LESION) > 0) & (samples < liver_exit[:, None])
    last = np.where(tumor.any(axis=1), samples[-1] - tumor[:, ::-1].argmax(axis=1), -1)
    return np.asarray((liver_exit - 1 - last) * STEP_MM)


def _nearest(field: Field, flat: Index, before: BoolArray) -> FloatArray:
    nearest = np.full(len(flat), np.inf)
    counts = before.sum(axis=1)
    if field.distance_mm is None or not counts.any():
        return nearest
    starts = np.concatenate([[0], counts.cumsum()[:-1]])
    some = counts > 0
    found = field.distance_mm.ravel()[flat[before]]
    nearest[some] = np.minimum.reduceat(found, starts[some])
    return nearest


def _crosses(field: Field, flat: Index, tumor: BoolArray, meant: Index) -> BoolArray:
    crosses = np.zeros(len(flat), dtype=bool)
    path, sample = np.nonzero(tumor)
    other = ~np.isin(field.lesions.ravel()[flat[path, sample]], meant)
    crosses[path[other]] = True
    return crosses


@cache
def sphere(count: int = DIRECTIONS) -> FloatArray:
    """``count`` evenly spread unit vectors (golden spiral), the first ones near +z."""
    n = np.arange(count) + 0.5
    z = 1.0 - 2.0 * n / count
    turn = n * np.pi * (3.0 - np.sqrt(5.0))
    radius = np.sqrt(1.0 - z**2)
    return np.column_stack([radius * np.cos(turn), radius * np.sin(turn), z])


def boundary_mm(field: Field, tip: FloatArray, outward: FloatArray, *, bit: int, sample: int) -> float:
    """Where between two samples, the later one ``sample``, a path leaves the voxels with ``bit``."""
    low, high = (sample - 1) * STEP_MM, sample * STEP_MM
    while high - low > FINEST_MM:
        middle = (low + high) / 2.0
        if field.at(field.codes, tip + middle * outward) & bit:
            low = middle
        else:
            high = middle
    return (low + high) / 2.0
