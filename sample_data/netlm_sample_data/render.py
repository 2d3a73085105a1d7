"""What a perfect scanner of a given grid would see: every voxel the mean of what lies in it."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from netlm_imaging.geometry import Box, Grid
from netlm_sample_data.patient import Patient
from netlm_sample_data.shapes import Points
from netlm_sample_data.tissues import Tissue, tissue_values

FloatImage = npt.NDArray[np.float32]
BLOCK_KJI = (12, 24, 24)


@dataclass(frozen=True, slots=True)
class Pose:
    """Where the patient lies in a scanner: scanner = rotation @ patient + translation (LPS mm)."""

    rotation: npt.NDArray[np.float64]
    translation_mm: npt.NDArray[np.float64]

    def to_patient(self, affine_lps: npt.NDArray[np.float64]) -> npt.NDArray[np.float32]:
        """A voxel-to-scanner affine as voxel-to-patient, (3, 4)."""
        inverse = self.rotation.T
        linear = inverse @ affine_lps[:3, :3]
        offset = inverse @ (affine_lps[:3, 3] - self.translation_mm)
        return np.concatenate([linear, offset[:, None]], axis=1).astype(np.float32)

    def to_scanner(self, point: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """A point of the patient's frame in the scanner's."""
        return np.asarray(self.rotation @ np.asarray(point, float) + self.translation_mm)


@dataclass(frozen=True, slots=True)
class Scene:
    """The patient on one grid: means per channel, and the truth at voxel centers."""

    grid: Grid
    channels: Mapping[str, FloatImage]
    tissue: npt.NDArray[np.uint8]
    in_liver: npt.NDArray[np.bool_]
    segments: npt.NDArray[np.uint8]
    """Couinaud labels inside the liver, else 0."""


def render(
    patient: Patient, grid: Grid, pose: Pose, *, channels: tuple[str, ...], finer: tuple[int, int, int]
) -> Scene:
    """``patient`` on ``grid``: voxels on a border are averaged over ``finer`` (k, j, i) sub-voxels."""
    tissue = np.zeros(grid.shape_kji, np.uint8)
    in_liver = np.zeros(grid.shape_kji, bool)
    segments = np.zeros(grid.shape_kji, np.uint8)
    affine = pose.to_patient(grid.affine_lps)
    for block in _blocks(grid.shape_kji):
        index = _indices(block)
        points = _points(affine, index)
        painted = patient.paint(points)
        shape = tissue[block].shape
        tissue[block] = painted.tissue.reshape(shape)
        in_liver[block] = painted.in_liver.reshape(shape)
        labels = np.zeros(points.shape[1], np.uint8)
        labels[painted.in_liver] = patient.couinaud.label(points[:, painted.in_liver])
        segments[block] = labels.reshape(shape)
    table = _table(patient, channels)
    images = {name: table[name][tissue] for name in channels}
    _average_borders(patient, affine, tissue, images, table, finer)
    return Scene(grid, images, tissue, in_liver, segments)


def _blocks(shape: tuple[int, int, int]) -> Iterator[Box]:
    """Blocks of the size of an organ's part: most shapes are far from most of them and cost nothing."""
    starts = [range(0, size, step) for size, step in zip(shape, BLOCK_KJI, strict=True)]
    for corner in itertools.product(*starts):
        k, j, i = (
            slice(a, min(a + step, size)) for a, step, size in zip(corner, BLOCK_KJI, shape, strict=True)
        )
        yield (k, j, i)


def _indices(block: Box) -> npt.NDArray[np.float32]:
    """k, j, i of every voxel of a block, (3, n)."""
    ticks = [np.arange(s.start, s.stop, dtype=np.float32) for s in block]
    return np.stack([axis.ravel() for axis in np.meshgrid(*ticks, indexing="ij")])


def _points(affine: npt.NDArray[np.float32], index_kji: npt.NDArray[np.float32]) -> Points:
    """Voxel positions in the patient's frame, (3, n)."""
    return np.asarray(affine[:, 2::-1] @ index_kji + affine[:, 3:])


def _table(patient: Patient, channels: tuple[str, ...]) -> dict[str, npt.NDArray[np.float32]]:
    """Value of every label per channel."""
    table = {name: np.zeros(256, np.float32) for name in channels}
    for name, values in table.items():
        for tissue, properties in tissue_values().items():
            values[tissue] = properties[name]
        for tumor in patient.tumors:
            values[Tissue.LESIONS + tumor.id] = getattr(tumor, name)
    return table


def _average_borders(
    patient: Patient,
    affine: npt.NDArray[np.float32],
    tissue: npt.NDArray[np.uint8],
    images: dict[str, FloatImage],
    table: Mapping[str, npt.NDArray[np.float32]],
    finer: tuple[int, int, int],
) -> None:
    """Replace the voxels next to another tissue by the mean of their sub-voxels, in place."""
    border = _border(tissue)
    ticks = [(np.arange(n, dtype=np.float32) + np.float32(0.5)) / n - np.float32(0.5) for n in finer]
    offsets = np.stack([axis.ravel() for axis in np.meshgrid(*ticks, indexing="ij")]).astype(np.float32)
    for block in _blocks(border.shape):
        chosen = border[block].ravel()
        if not chosen.any():
            continue
        centers = _indices(block)[:, chosen]
        index = (centers[:, :, None] + offsets[:, None, :]).reshape(3, -1)
        found = patient.paint(_points(affine, index)).tissue.reshape(-1, offsets.shape[1])
        for name, image in images.items():
            image[block][border[block]] = table[name][found].mean(axis=1)


def _border(tissue: npt.NDArray[np.uint8]) -> npt.NDArray[np.bool_]:
    """Voxels that share a face with another tissue."""
    border = np.zeros(tissue.shape, bool)
    for axis in range(3):
        low, high = (np.moveaxis(border, axis, 0)[part] for part in (slice(None, -1), slice(1, None)))
        along = np.moveaxis(tissue, axis, 0)
        differs = along[1:] != along[:-1]
        low |= differs
        high |= differs
    return border
