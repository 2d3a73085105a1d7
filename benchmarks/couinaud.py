"""Couinaud segments by planes beside those of real livers (3D-IRCADb), landmarks read off their borders."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy.spatial import cKDTree

from benchmarks.implanted import REAL, real_folder
from netlm_imaging.anatomy import SEGMENT_NAMES
from netlm_imaging.errors import InputError
from netlm_imaging.ingest import read_mask
from netlm_imaging.segment.couinaud import couinaud_segments
from netlm_imaging.volume import LabelMap

Points = npt.NDArray[np.float64]
BORDER_MM, MEETING_MM = 4.0, 6.0
BELOW_DOME_MM = 10.0
"""The hepatic veins enter the cava so far below the highest point of Cantlie's plane."""
READERS_MM, READERS = 5.0, 10
"""How far two readers set a landmark apart (ours), and how many are played."""


def couinaud_table() -> Iterator[str]:
    """Dice and difference in mL of each segment and liver; what readers who differ make of it."""
    folder = real_folder()
    if folder is None:
        yield "couinaud: no real livers (NETLM_REAL_DATA)"
        return
    yield f"{'Dice (mL more or less)':24s}" + "".join(f"{name:>11s}" for name in SEGMENT_NAMES)
    rng = np.random.default_rng(0)
    for case in REAL:
        truth = real_segments(folder, case)
        points = landmarks_of(truth)
        found = couinaud_segments(truth.any, points)
        more_ml = [(found.mask(n).volume_ml - truth.mask(n).volume_ml) for n in range(1, 9)]
        cells = (f"{d:.2f} ({ml:+.0f})" for d, ml in zip(dice(found, truth), more_ml, strict=True))
        yield f"{case:24s}" + "".join(f"{cell:>11s}" for cell in cells)
        moved = [_moved(points, rng) for _ in range(READERS)]
        read = [dice(labels, truth) for p in moved if (labels := _or_refused(truth, p)) is not None]
        name = f"  moved {READERS_MM:g} mm, {len(read)}/{READERS}"
        yield f"{name:24s}" + "".join(f"{d:11.2f}" for d in np.mean(read, axis=0))


def real_segments(folder: Path, case: str) -> LabelMap:
    """Labels 1 to 8 of a real liver, every third voxel in the slice."""
    start = "ircad17/couinaud" if case == "ircad17" else f"couinaud-masks/{case}"
    labels = read_mask(str(folder / f"{start}_label.nii.gz")).labels.canonical()
    grid = labels.grid
    k, j, i = labels.array[:, ::3, ::3].shape
    x, y, z = grid.spacing_mm
    thin = type(grid)(
        shape_kji=(k, j, i), spacing_mm=(3 * x, 3 * y, z), origin_mm=grid.origin_mm, direction=grid.direction
    )
    return LabelMap(labels.array[:, ::3, ::3], thin)


def landmarks_of(segments: LabelMap) -> dict[str, tuple[float, float, float]]:
    """Where segments meet: what a reader who draws exactly these segments would have to set."""
    index = np.argwhere(segments.array)
    label, points = segments.array[tuple(index.T)], segments.grid.to_patient(index)
    apart = {n: cKDTree(points[label == n]).query(points)[0] for n in range(1, 9)}

    def meeting(*labels: int) -> Points:
        farthest = np.max([apart[n] for n in labels], axis=0)
        return points[farthest <= max(MEETING_MM, farthest.min() + 2.0)]

    def border(one: tuple[int, ...], other: tuple[int, ...]) -> Points:
        nearest = [np.min([apart[n] for n in side], axis=0) for side in (one, other)]
        return points[np.maximum(*nearest) < BORDER_MM]

    cava = meeting(1, 4, 7, 8).mean(axis=0)
    right, left = meeting(5, 6, 7, 8), meeting(2, 3, 4)
    umbilical = border((4,), (2, 3))
    found = {
        "middle_hepatic_vein": _far(border((4,), (8,)), cava),
        "gallbladder_fossa": _far(border((4,), (5,)), cava),
        "right_hepatic_vein": _far(border((5, 8), (6, 7)), cava),
        "portal_bifurcation": meeting(1, 4, 5, 8).mean(axis=0),
        "right_portal_branch": right[np.linalg.norm(right - cava, axis=1).argmin()],
        "left_portal_branch": left[left[:, 1].argmax()],
        "falciform_ligament": umbilical[umbilical[:, 1].argmin()],
        "ligamentum_venosum": meeting(1, 2, 4).mean(axis=0),
    }
    found["right_portal_branch"][2] = np.median(border((8,), (5,))[:, 2])
    found["left_portal_branch"][2] = np.median(border((2,), (3,))[:, 2])
    cava[2] = border((4,), (8,))[:, 2].max() - BELOW_DOME_MM
    return {name: (float(p[0]), float(p[1]), float(p[2])) for name, p in {"ivc": cava, **found}.items()}


def dice(found: LabelMap, truth: LabelMap) -> list[float]:
    """Of segments 1 to 8."""
    both = [np.count_nonzero((found.array == n) & (truth.array == n)) for n in range(1, 9)]
    sizes = [found.mask(n).voxels + truth.mask(n).voxels for n in range(1, 9)]
    return [2.0 * b / s for b, s in zip(both, sizes, strict=True)]


def _far(points: Points, start: Points) -> Points:
    """The one farthest from ``start``, seen from the head."""
    return points[np.linalg.norm((points - start)[:, :2], axis=1).argmax()]


def _moved(
    points: Mapping[str, tuple[float, float, float]], rng: np.random.Generator
) -> dict[str, tuple[float, float, float]]:
    """Each point READERS_MM away, in any direction."""
    ways = rng.normal(size=(len(points), 3))
    ways *= READERS_MM / np.linalg.norm(ways, axis=1, keepdims=True)
    return {
        n: tuple((np.asarray(p) + way).tolist()) for (n, p), way in zip(points.items(), ways, strict=True)
    }  # type: ignore[misc]


def _or_refused(truth: LabelMap, points: Mapping[str, tuple[float, float, float]]) -> LabelMap | None:
    try:
        return couinaud_segments(truth.any, points)
    except InputError:
        return None
