"""One digital patient: which tissue lies at any point, exactly and without a grid."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt

from netlm_sample_data.couinaud import Couinaud
from netlm_sample_data.organs import Organs, draw_organs
from netlm_sample_data.shapes import Bounds, LobulatedBall, Points, Shape, Tube, inside
from netlm_sample_data.tissues import Tissue
from netlm_sample_data.vessels import HEPATIC_STEM, PORTAL_STEM, SERVED, grow

LATTICE_MM = 1.5
"""Spacing of the lattice that measures the liver: against one of 0.65 mm (a quarter of the HBP slices) the
liver differs by 0.01 %, a segment by at most 0.3 mL."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tumor:
    """One metastasis and how it looks (HBP and precontrast: liver = 100; SUVbw; HU)."""

    id: int
    kind: str
    """``subcapsular``, ``perivascular``, ``deep``, ``bulk`` or ``scattered``."""
    shape: LobulatedBall
    segment: int
    """Couinaud label at its center."""
    hbp: float
    precontrast: float
    suv: float
    hu: float


@dataclass(frozen=True, slots=True)
class Painted:
    """What lies at each point."""

    tissue: npt.NDArray[np.uint8]
    """Tissue, or Tissue.LESIONS + id of the lesion."""
    in_liver: npt.NDArray[np.bool_]
    """Liver with its tumors, cysts and inner vessels."""


@dataclass(frozen=True, kw_only=True)
class Patient:
    """Organs, vessel trees and disease in the patient's frame (organs.py)."""

    organs: Organs
    couinaud: Couinaud
    portal: tuple[Tube, ...]
    hepatic: tuple[Tube, ...]
    tumors: tuple[Tumor, ...] = ()
    cysts: tuple[LobulatedBall, ...] = ()

    def with_disease(self, tumors: tuple[Tumor, ...], cysts: tuple[LobulatedBall, ...]) -> Patient:
        """The same patient with lesions and cysts."""
        return replace(self, tumors=tumors, cysts=cysts)

    @cached_property
    def _layers(self) -> tuple[tuple[int, Shape], ...]:
        organs = self.organs
        return (
            *organs.below_liver,
            (Tissue.LIVER, organs.liver),
            *organs.above_liver,
            *((Tissue.VEIN, tube) for tube in (*self.portal, *self.hepatic)),
            (Tissue.VEIN, organs.cava),
            *((Tissue.CYST, cyst) for cyst in self.cysts),
            *((Tissue.LESIONS + tumor.id, tumor.shape) for tumor in self.tumors),
        )

    @cached_property
    def _boxes(self) -> Bounds:
        """Corners of the boxes of all layers, (n, 3) each."""
        corners = [shape.bounds for _, shape in self._layers]
        return np.stack([low for low, _ in corners]), np.stack([high for _, high in corners])

    def paint(self, points: Points) -> Painted:
        """Tissue at float32 points of shape (3, n), LPS mm in the patient's frame; later layers win."""
        tissue = np.zeros(points.shape[1], np.uint8)
        in_liver = np.zeros(points.shape[1], bool)
        if points.shape[1] == 0:
            return Painted(tissue, in_liver)
        lows, highs = self._boxes
        near = (lows <= points.max(axis=1)).all(axis=1) & (highs >= points.min(axis=1)).all(axis=1)
        for layer in np.flatnonzero(near):
            label, shape = self._layers[layer]
            hit = inside(shape, points)
            tissue[hit] = label
            if label == Tissue.LIVER:
                in_liver[hit] = True
        return Painted(tissue, in_liver)

    def liver_lattice(self, step_mm: float) -> Points:
        """Points of a regular lattice inside the liver."""
        low, high = self.organs.liver.bounds
        ticks = [
            np.arange(a + step_mm / 2, b, step_mm, dtype=np.float32) for a, b in zip(low, high, strict=True)
        ]
        slabs = []
        for z in np.array_split(ticks[2], 12):
            mesh = np.meshgrid(ticks[0], ticks[1], z, indexing="ij")
            points = np.stack([axis.ravel() for axis in mesh])
            slabs.append(points[:, inside(self.organs.liver, points)])
        return np.concatenate(slabs, axis=1)

    def liver_ml(self, step_mm: float) -> float:
        """Liver volume, tumors included."""
        return float(self.liver_lattice(step_mm).shape[1] * step_mm**3 / 1000)


def healthy_patient(*, liver_ml: float, seed: int) -> Patient:
    """A patient without disease whose liver has the given volume (within 1 %)."""
    scale = 1.0
    for step in (5.0, 3.0):
        organs = draw_organs(np.random.default_rng([seed, 1]), scale)
        bare = Patient(organs=organs, couinaud=Couinaud(scale), portal=(), hepatic=())
        scale *= float(np.cbrt(liver_ml / bare.liver_ml(step)))
    organs = draw_organs(np.random.default_rng([seed, 1]), scale)
    bare = Patient(organs=organs, couinaud=Couinaud(scale), portal=(), hepatic=())
    rng = np.random.default_rng([seed, 2])
    portal = grow(PORTAL_STEM, _targets(bare, rng), scale=scale, rng=rng)
    hepatic = grow(HEPATIC_STEM, _drained(_targets(bare, rng)), scale=scale, rng=rng)
    return replace(bare, portal=portal.tubes, hepatic=hepatic.tubes)


def _targets(patient: Patient, rng: np.random.Generator) -> dict[int, npt.NDArray[np.float64]]:
    """Where the outermost branches end: spread evenly in each segment, 6 mm below the capsule."""
    lattice = patient.liver_lattice(6.0)
    lattice = lattice[:, patient.organs.liver.distance(lattice) < -6]
    segments = patient.couinaud.label(lattice)
    return {
        segment: _spread(lattice[:, segments == segment].T.astype(float), count, rng)
        for segment, count in SERVED.items()
    }


def _drained(targets: dict[int, npt.NDArray[np.float64]]) -> dict[int, npt.NDArray[np.float64]]:
    """Hepatic veins have fewer branches than the portal vein."""
    return {segment: points[: max(1, len(points) * 2 // 3)] for segment, points in targets.items()}


def _spread(points: npt.NDArray[np.float64], count: int, rng: np.random.Generator) -> npt.NDArray[np.float64]:
    """``count`` of the points, each as far from the others as can be (farthest-point sampling)."""
    chosen = [int(rng.integers(len(points)))]
    gaps = np.full(len(points), np.inf)
    while len(chosen) < min(count, len(points)):
        gaps = np.minimum(gaps, np.linalg.norm(points - points[chosen[-1]], axis=1))
        chosen.append(int(np.argmax(gaps)))
    return points[chosen]
