"""How long the draws take: every lesion of a large liver ablated, on a grid of 1 mm."""

from __future__ import annotations

import time
from collections.abc import Iterator

import numpy as np

from netlm_imaging.anatomy import Anatomy
from netlm_imaging.clinical import Clinical
from netlm_imaging.geometry import Grid
from netlm_imaging.lesions import measure
from netlm_imaging.plan import draw, prepare
from netlm_imaging.plan.ablation_candidates import ablations
from netlm_imaging.plan.devices import chosen_devices
from netlm_imaging.plan.outcome import Case
from netlm_imaging.plan.problem import make_problem
from netlm_imaging.plan.workspace import workspace
from netlm_imaging.settings import Settings
from netlm_imaging.volume import LabelMap, Mask

HALF_AXES_MM = np.array([95.0, 75.0, 60.0])
"""A liver of 1,790 mL."""


def speed_lines(*, lesions: int = 60, repeats: int = 5) -> Iterator[str]:
    """Seconds to tabulate one ablation a lesion, and for 1,000 draws of them (the best of several)."""
    settings = Settings.model_validate({"ablation": {"modalities": ["mwa"], "max_probes": 3}})
    anatomy = ball_anatomy(lesions)
    space = workspace(anatomy, major_vessel_mm=6.0)
    devices = chosen_devices(settings)
    found = [
        ablations(space, lesion, settings=settings.ablation, devices=devices)[0]
        for lesion in measure(anatomy)
    ]
    case = Case(
        anatomy=anatomy,
        space=space,
        problem=make_problem(space, [zones[0] for zones in found if zones], cleared_fraction=0.995),
        limits=(),
        clinical=Clinical(),
        cleared_fraction=0.995,
    )
    chosen = range(len(case.problem.candidates))
    start = time.perf_counter()
    prepared = prepare(case, chosen, settings=settings.uncertainty)
    ready = time.perf_counter() - start
    wall, cpu = [], []
    for _ in range(repeats):
        start, busy = time.perf_counter(), time.process_time()
        draw(prepared, liver_sd_percent=3.0)
        wall.append(time.perf_counter() - start)
        cpu.append(time.process_time() - busy)
    yield f"{lesions} lesions, {len(chosen)} ablations, {anatomy.liver.voxels / 1e6:.2f} million voxels"
    yield f"tabulated in {ready:.1f} s; {settings.uncertainty.draws} draws in {min(wall):.2f} s"
    yield f"(on all cores together {min(cpu):.2f} s)"


def ball_anatomy(count: int) -> Anatomy:
    """Balls of tumor, 6 to 28 mm, 3 mm apart."""
    rng = np.random.default_rng(1)
    shape = tuple(int(2 * half) + 9 for half in HALF_AXES_MM[::-1])
    grid = Grid(shape_kji=shape, spacing_mm=(1.0, 1.0, 1.0), origin_mm=(-40.0, 25.0, 310.0))  # type: ignore[arg-type]
    middle = (np.array(shape) - 1) / 2.0
    offset = np.moveaxis(np.indices(shape), 0, -1) - middle
    liver = ((offset / HALF_AXES_MM[::-1]) ** 2).sum(axis=-1) <= 1.0
    labels = np.zeros(shape, dtype=np.uint8)
    placed: list[tuple[np.ndarray, float]] = []
    while len(placed) < count:
        radius = float(np.clip(rng.lognormal(np.log(16.0), 0.578), 6.0, 28.0)) / 2.0
        center = rng.uniform(-1.0, 1.0, 3) * HALF_AXES_MM[::-1]
        deep = ((center / (HALF_AXES_MM[::-1] - radius - 1.0)) ** 2).sum() <= 1.0
        if deep and all(np.linalg.norm(center - other) >= radius + r + 3.0 for other, r in placed):
            placed.append((center, radius))
            labels[((offset - center) ** 2).sum(axis=-1) <= radius**2] = len(placed)
    return Anatomy(liver=Mask(liver, grid), lesions=LabelMap(labels, grid)).cropped()
