"""What the segmenter is shown."""

from __future__ import annotations

import numpy as np
import pytest
from strategies import oblique_grid

from netlm_imaging.segment import Images, Segmentation
from netlm_imaging.study import AlignedImages
from netlm_imaging.volume import LabelMap, Mask, Volume
from netlm_pipelines import masks
from netlm_pipelines.progress import Stages


@pytest.mark.parametrize("aligned", [True, False])
def test_pet_that_does_not_fit_is_kept_from_the_segmenter(
    aligned: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    grid = oblique_grid()
    image = Volume(np.ones(grid.shape_kji), grid)
    shown: list[Images] = []

    class Recorder:
        def segment(self, images: Images) -> Segmentation:
            shown.append(images)
            empty = np.zeros(grid.shape_kji, dtype=np.uint8)
            return Segmentation(
                liver=Mask(empty == 0, grid),
                lesions=LabelMap(empty, grid),
                vessels=None,
                cysts=None,
                spleen=None,
                notices=(),
                method="recorder",
            )

    monkeypatch.setattr(masks, "segmenter_named", lambda name: Recorder())
    images = AlignedImages(reference=image, suv=image, pet_aligned=aligned)
    masks.segment_missing(masks.GivenOnGrid(grid=grid), images, segmenter="recorder", stages=Stages(total=1))
    assert (shown[0].suv is not None) is aligned
