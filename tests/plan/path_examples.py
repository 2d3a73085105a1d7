"""A liver in a body with things in the way, all given as functions of the place in the patient."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
from scipy.spatial import cKDTree
from strategies import oblique_grid

from netlm_imaging.anatomy import Anatomy, Surroundings
from netlm_imaging.geometry import FloatArray, Grid
from netlm_imaging.plan.candidates import Zone
from netlm_imaging.plan.devices import Device
from netlm_imaging.plan.distances import SURFACE_SHARE
from netlm_imaging.plan.path_fields import make_fields
from netlm_imaging.plan.paths import Access, access
from netlm_imaging.plan.records import ProbePath
from netlm_imaging.plan.zones import Placement
from netlm_imaging.volume import BoolArray, LabelMap, Mask

GRID = oblique_grid((52, 60, 66), (2.0, 2.3, 2.6))
MIDDLE = GRID.to_patient((np.array(GRID.shape_kji) - 1) / 2.0)
Where = Callable[[FloatArray], BoolArray]
"""Of points (..., 3), mm from the middle of the patient: which are inside."""

BALL = Device(
    id="ball", name="Ball", modality="mwa", probes=1, zone_mm=(20.0, 20.0, 20.0), pull_back_mm=1.0,
    shaft_length_mm=150.0, antenna_gauge=17.0, evidence="ceiling", provenance="made for this test",
)  # fmt: skip
LONG = replace(BALL, id="long", zone_mm=(24.0, 16.0, 16.0))


def box(*half_mm: float, at: Sequence[float] = (0.0, 0.0, 0.0)) -> Where:
    return lambda points: (np.abs(points - np.asarray(at)) <= np.asarray(half_mm)).all(axis=-1)


def ball(radius_mm: float, at: Sequence[float] = (0.0, 0.0, 0.0)) -> Where:
    return lambda points: np.linalg.norm(points - np.asarray(at), axis=-1) <= radius_mm


LIVER, BODY = box(30.0, 25.0, 22.0), box(48.0, 45.0, 36.0)


class Patient:
    """Masks on a grid, whose array may be turned."""

    def __init__(
        self,
        *,
        liver: Where = LIVER,
        body: Where | None = BODY,
        lesions: Sequence[Where] = (ball(5.0),),
        grid: Grid = GRID,
        bone: Where | None = None,
        **parts: Where,
    ) -> None:
        points = grid.to_patient(np.moveaxis(np.indices(grid.shape_kji), 0, -1)) - MIDDLE
        labels = np.zeros(grid.shape_kji, dtype=np.uint8)
        for number, lesion in enumerate(lesions, start=1):
            labels[lesion(points) & (labels == 0)] = number
        masks = {name: Mask(part(points), grid) for name, part in parts.items()}
        self.anatomy = Anatomy(liver=Mask(liver(points), grid), lesions=LabelMap(labels, grid), **masks)
        self.around = body and Surroundings(
            body=Mask(body(points), grid), bone=None if bone is None else Mask(bone(points), grid)
        )

    def access(
        self,
        device: Device = BALL,
        *,
        at: Sequence[float] = (0.0, 0.0, 0.0),
        axis: Sequence[float] = (0.0, 0.0, 1.0),
        clearance_mm: float = 5.0,
        lesions: Sequence[int] = (1,),
    ) -> Access:
        """To one zone of ``device``, its middle at ``at``."""
        fields = make_fields(self.anatomy, self.around, major_vessels=self.anatomy.vessels)
        zone = zone_at(device, at=at, axis=axis)
        return access(fields, [zone], lesions, clearance_mm=clearance_mm)

    def true_clearance_mm(self, path: ProbePath, *structures: Mask | None, radius_mm: float) -> float:
        """From the voxels themselves: no distance map, no ray."""
        entry, tip = np.asarray(path.entry_lps_mm), np.asarray(path.tip_lps_mm)
        points = tip + np.linspace(0.0, 1.0, 400)[:, None] * (entry - tip)
        centers = np.concatenate([s.grid.to_patient(np.argwhere(s.array)) for s in structures if s])
        beyond = SURFACE_SHARE * sum(GRID.spacing_mm)
        return float(cKDTree(centers).query(points)[0].min()) - beyond - radius_mm


def zone_at(device: Device, *, at: Sequence[float], axis: Sequence[float]) -> Zone:
    unit = np.asarray(axis, dtype=float) / np.linalg.norm(axis)
    x, y, z = (MIDDLE + np.asarray(at)).tolist()
    nowhere = Placement(np.zeros(3), np.zeros(3), np.eye(3))
    return Zone(
        device=device,
        placement=nowhere,
        center_lps_mm=(x, y, z),
        axis_lps=tuple(unit.tolist()),
        across_lps=(0.0, 0.0, 0.0),
    )


def of(found: Access, approach: str) -> list[ProbePath]:
    return [path for path in found.paths if path.approach == approach]
