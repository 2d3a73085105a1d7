"""Inflow, wedges and joint losses on a real liver with vessels (3D-IRCADb case 1) and implanted lesions."""

from __future__ import annotations

from pathlib import Path

import nibabel
import numpy as np
import pytest
from plan.plan_examples import bare_case

from netlm_imaging.anatomy import Anatomy
from netlm_imaging.geometry import Grid
from netlm_imaging.lesions import measure
from netlm_imaging.lesions.isotropic import on_isotropic_grid
from netlm_imaging.plan.candidates import Candidate
from netlm_imaging.plan.collect import resections
from netlm_imaging.plan.losses import joint_losses
from netlm_imaging.plan.problem import make_problem
from netlm_imaging.plan.workspace import Workspace, workspace
from netlm_imaging.settings import Settings
from netlm_imaging.volume import LabelMap, Mask

LESIONS = 14

pytestmark = pytest.mark.real


@pytest.fixture(scope="module")
def anatomy(real_data: Path) -> Anatomy:
    folder = real_data / "couinaud-masks"
    image = nibabel.load(folder / "ircad1_label.nii.gz")
    segments = np.ascontiguousarray(np.asarray(image.dataobj).astype(np.uint8).transpose(2, 1, 0))
    vessels = np.asarray(nibabel.load(folder / "ircad1_vessel.nii.gz").dataobj).transpose(2, 1, 0) > 0
    grid = Grid.from_affine_ras(image.affine, segments.shape)
    whole = Anatomy(
        liver=Mask(segments > 0, grid),
        lesions=LabelMap(np.zeros(segments.shape, dtype=np.uint8), grid),
        segments=LabelMap(segments, grid),
        vessels=Mask(vessels, grid),
    )
    coarse, _ = on_isotropic_grid(whole.cropped(3.0), grid_mm=1.5)
    return _implanted(coarse.cropped())


def _implanted(anatomy: Anatomy) -> Anatomy:
    """Balls that touch no vessel, for a tumor displaces these."""
    assert anatomy.vessels is not None
    rng = np.random.default_rng(11)
    labels = np.zeros(anatomy.grid.shape_kji, dtype=np.uint8)
    places = np.moveaxis(np.indices(labels.shape), 0, -1) * anatomy.grid.spacing_kji_mm
    free = np.argwhere(anatomy.liver.array & ~anatomy.vessels.array)
    while labels.max() < LESIONS:
        middle = free[int(rng.integers(len(free)))] * anatomy.grid.spacing_kji_mm
        ball = ((places - middle) ** 2).sum(axis=-1) <= rng.uniform(4.0, 9.0) ** 2
        if anatomy.liver.array[ball].all() and not (anatomy.vessels.array | (labels > 0))[ball].any():
            labels[ball] = labels.max() + 1
    return Anatomy(
        liver=anatomy.liver,
        lesions=LabelMap(labels, anatomy.grid),
        segments=anatomy.segments,
        vessels=anatomy.vessels,
    )


@pytest.fixture(scope="module")
def space(anatomy: Anatomy) -> Workspace:
    return workspace(anatomy, major_vessel_mm=6.0)


def test_every_functional_voxel_has_a_branch_and_every_branch_its_inflow(space: Workspace) -> None:
    inflow = space.inflow
    assert inflow is not None
    assert ((inflow.territory >= 0) == space.functional).all()
    assert inflow.members.size == np.count_nonzero(space.functional)
    nothing = np.empty(0, dtype=np.int64)
    assert not inflow.dead(nothing, nothing).any()
    everything = np.flatnonzero(inflow.place >= 0)
    assert inflow.dead(everything, nothing).all()
    # Behind the roots and beside them lies all of the liver.
    tops = inflow.through < 0
    assert inflow.behind[tops].sum() == np.count_nonzero(space.functional)


def test_single_segments_cost_little_of_their_neighbors(space: Workspace, anatomy: Anatomy) -> None:
    made = resections(space, (), settings=Settings())
    lost_ml = {c.name: c.devascularized.size * space.grid.voxel_ml for c in made.procedures}
    # By caliber alone, segment VII would take 390 mL of its neighbors with it, and VI 117 mL.
    assert lost_ml["Segmentectomy VII"] < 60.0
    assert lost_ml["Segmentectomy VI"] < 70.0
    assert all(0.0 <= lost < 170.0 for lost in lost_ml.values())


def test_problem_and_simulation_agree_to_the_voxel_for_random_sets(
    space: Workspace, anatomy: Anatomy
) -> None:
    made = resections(space, measure(anatomy), settings=Settings())
    local = [c for pair in made.local.values() for c in pair if not hasattr(c, "why_not")]
    candidates = [
        *made.procedures[:8],
        *local,
        *(c for c in made.together.values() if isinstance(c, Candidate)),
    ]
    rng = np.random.default_rng(2)
    sets = [sorted(rng.choice(len(candidates), 7, replace=False).tolist()) for _ in range(12)]
    joint = ()
    for chosen in sets:
        joint += joint_losses(space, candidates, chosen, known=joint)
    assert joint
    problem = make_problem(space, candidates, cleared_fraction=0.995, joint=joint)
    case = bare_case(anatomy, space, problem)
    for chosen in sets:
        simulated = case.simulate(chosen)
        assert problem.lost_voxels(chosen) == simulated.lost_voxels
        treated = [o.treated_voxels for o in simulated.lesions]
        assert (problem.treated_voxels(chosen) == treated).all()
