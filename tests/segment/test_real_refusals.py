from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from netlm_imaging.align import resample
from netlm_imaging.align.registration import coarse_grid
from netlm_imaging.errors import InputError
from netlm_imaging.ingest import read_image, scan
from netlm_imaging.segment import ClassicalSegmenter, Images
from netlm_imaging.volume import Volume


@pytest.mark.real
@pytest.mark.parametrize("floor", [None, 0.0])
def test_a_real_ct_is_no_hbp_mri(real_data: Path, floor: float | None) -> None:
    (series,) = scan(real_data / "ohif-acrin-petct" / "ct").series
    fine = read_image(series).volume
    ct = resample(fine, coarse_grid(fine.grid, 3.0), outside=-1024.0)
    array = ct.array if floor is None else np.maximum(ct.array + 1024.0, floor)  # no longer told by its air
    with pytest.raises(InputError) as error:
        ClassicalSegmenter().segment(Images(hbp=Volume(array, ct.grid)))
    assert error.value.code == "LIVER_NOT_FOUND"
