"""What a perfect scanner of a given grid would see: every voxel the mean of what lies in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from netlm_imaging.geometry import Grid
from netlm_sample_data.patient import Patient
from netlm_sample_data.shapes import Points
from netlm_sample_data.tissues import Tissue, tissue_values

FloatImage = npt.NDArray[np.float32]
SLAB_VOXELS = 400_000


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
    for slab in _slabs(grid):
        points = _points(affine, slab, grid.shape_kji)
        painted = patient.paint(points)
        tissue[slab] = painted.tissue.reshape(tissue[slab].shape)
        in_liver[slab] = painted.in_liver.reshape(tissue[slab].shape)
        labels = np.zeros(points.shape[1], np.uint8)
        labels[painted.in_liver] = patient.couinaud.label(points[:, painted.in_liver])
        segments[slab] = labels.reshape(tissue[slab].shape)
    table = _table(patient, channels)
    images = {name: table[name][tissue] for name in channels}
    _average_borders(patient, affine, tissue, images, table, finer)
    return Scene(grid, images, tissue, in_liver, segments)


def _slabs(grid: Grid) -> list[slice]:
    depth = max(1, SLAB_VOXELS // (grid.shape_kji[1] * grid.shape_kji[2]))
    return [slice(k, min(k + depth, grid.shape_kji[0])) for k in range(0, grid.shape_kji[0], depth)]


def _points(affine: npt.NDArray[np.float32], slab: slice, shape: tuple[int, int, int]) -> Points:
    """Voxel centers of a slab in the patient's frame, (3, n)."""
    k = np.arange(slab.start, slab.stop, dtype=np.float32)[:, None, None]
    j = np.arange(shape[1], dtype=np.float32)[None, :, None]
    i = np.arange(shape[2], dtype=np.float32)[None, None, :]
    rows = [row[0] * i + row[1] * j + row[2] * k + row[3] for row in affine]
    return np.stack([row.ravel() for row in rows])


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
    border = ndimage.maximum_filter(tissue, 3) != ndimage.minimum_filter(tissue, 3)
    where = np.argwhere(border).astype(np.float32)
    offsets = [
        ((k + 0.5) / finer[0] - 0.5, (j + 0.5) / finer[1] - 0.5, (i + 0.5) / finer[2] - 0.5)
        for k in range(finer[0])
        for j in range(finer[1])
        for i in range(finer[2])
    ]
    linear = affine[:, 2::-1]  # columns for k, j, i
    chunks = np.array_split(np.arange(len(where)), max(1, len(where) // 100_000))
    means = {name: np.zeros(len(where), np.float32) for name in images}
    for chunk in chunks:
        for offset in offsets:
            index = where[chunk] + np.asarray(offset, np.float32)
            found = patient.paint(linear @ index.T + affine[:, 3:]).tissue
            for name, mean in means.items():
                mean[chunk] += table[name][found]
    for name, image in images.items():
        image[border] = means[name] / len(offsets)
