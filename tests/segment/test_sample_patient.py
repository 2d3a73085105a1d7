"""Our own segmentation of a sample patient against its exact truth: liver Dice of at least 0.95."""

from __future__ import annotations

import numpy as np
import pytest

from netlm_imaging.segment import ClassicalSegmenter, Images
from netlm_imaging.volume import Volume
from netlm_sample_data.render import render
from netlm_sample_data.sample import draw_sample, hbp_grid
from netlm_sample_data.scanners import mr_image
from netlm_sample_data.tissues import Tissue

SEED = 11
SPACING_MM = (1.8, 1.8, 3.2)
LARGE_ML = 0.5
"""Coarse voxels and no PET: of the smaller lesions one on a vein of its own width may be missed."""


@pytest.mark.parametrize(
    "preset", ["type2", *(pytest.param(name, marks=pytest.mark.slow) for name in ("type1", "type3", "type4"))]
)
def test_a_sample_patient_from_mri_alone(preset: str) -> None:
    sample = draw_sample(preset, seed=SEED)
    scene = render(
        sample.patient,
        hbp_grid(sample, spacing_mm=SPACING_MM),
        sample.mr,
        channels=("hbp", "precontrast"),
        finer=(2, 2, 2),
    )
    rng = np.random.default_rng(SEED)
    hbp = Volume(mr_image(scene.channels["hbp"], liver=400.0, rng=rng), scene.grid)
    before = Volume(mr_image(scene.channels["precontrast"], liver=230.0, rng=rng), scene.grid)
    found = ClassicalSegmenter().segment(Images(hbp=hbp, precontrast=before))

    liver, truth = found.liver.array, scene.in_liver
    assert 2 * np.count_nonzero(liver & truth) / (liver.sum() + truth.sum()) >= 0.95
    assert liver.sum() == pytest.approx(truth.sum(), rel=0.03)

    lesions = np.where(scene.tissue > Tissue.LESIONS, scene.tissue, 0)
    for label in found.lesions.labels:
        assert lesions[found.lesions.array == label].any(), "a lesion where there is none"
    large = [n for n in np.unique(lesions)[1:] if (lesions == n).sum() * scene.grid.voxel_ml > LARGE_ML]
    assert all(found.lesions.array[lesions == n].any() for n in large)
    assert np.count_nonzero(found.lesions.array) == pytest.approx(np.count_nonzero(lesions), rel=0.1)

    assert found.cysts is not None
    cyst = scene.tissue == Tissue.CYST
    assert np.count_nonzero(found.cysts.array & cyst) > 0.8 * cyst.sum()
