from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.append(str(Path(__file__).parent))

from anatomies import GRID, Scan, abdomen, dice, reordered

from netlm_imaging.align import bring_labels
from netlm_imaging.errors import GridMismatch, InputError
from netlm_imaging.segment import ClassicalSegmenter, Images, Segmentation
from netlm_imaging.volume import LabelMap, Volume


@pytest.fixture(scope="module")
def scan() -> Scan:
    return abdomen()


@pytest.fixture(scope="module")
def found(scan: Scan) -> Segmentation:
    return ClassicalSegmenter().segment(scan.images)


def test_the_liver_with_everything_in_it(scan: Scan, found: Segmentation) -> None:
    assert dice(found.liver.array, scan.liver) > 0.96
    assert found.liver.voxels == pytest.approx(scan.liver.sum(), rel=0.03)


def test_lesions_and_nothing_else(scan: Scan, found: Segmentation) -> None:
    assert found.lesions.labels == (1, 2, 3)
    for label in (1, 2, 3):
        truth = scan.lesions == label
        (seen,) = set(np.unique(found.lesions.array[truth])) - {0}
        assert np.count_nonzero(found.lesions.array == seen) == pytest.approx(truth.sum(), rel=0.25)
        assert dice(found.lesions.array == seen, truth) > 0.8
    assert dice(found.lesions.array > 0, scan.lesions > 0) > 0.85


def test_lesions_come_by_descending_volume(found: Segmentation) -> None:
    sizes = np.bincount(found.lesions.array.ravel())[1:]
    assert (np.diff(sizes) <= 0).all()


def test_the_cyst_is_a_cyst(scan: Scan, found: Segmentation) -> None:
    assert found.cysts is not None
    assert dice(found.cysts.array, scan.cyst) > 0.8
    assert not (found.lesions.array[scan.cyst] > 0).any()


def test_the_veins_are_vessels(scan: Scan, found: Segmentation) -> None:
    assert found.vessels is not None
    assert dice(found.vessels.array, scan.vessels) > 0.6
    assert np.count_nonzero(found.lesions.array[scan.vessels]) < 0.05 * scan.vessels.sum()


def test_the_spleen_by_its_uptake(scan: Scan, found: Segmentation) -> None:
    assert found.spleen is not None
    assert dice(found.spleen.array, scan.spleen) > 0.9


def test_hbp_alone_gives_no_spleen_and_counts_what_may_be_a_cyst_as_tumor(scan: Scan) -> None:
    found = ClassicalSegmenter().segment(Images(hbp=scan.images.hbp))
    assert found.spleen is None
    assert dice(found.liver.array, scan.liver) > 0.96
    (notice,) = found.notices
    assert notice.code == "CYST_WITHOUT_PRECONTRAST"
    assert "1 of the lesions" in notice.message
    assert found.cysts is not None
    assert not found.cysts.array.any()
    assert (found.lesions.array[scan.cyst] > 0).mean() > 0.7


@pytest.mark.parametrize(
    ("order", "flips"), [((2, 0, 1), (True, False, True)), ((1, 2, 0), (False, True, False))]
)
def test_the_stored_axis_order_changes_nothing(
    scan: Scan, found: Segmentation, order: tuple[int, int, int], flips: tuple[bool, bool, bool]
) -> None:
    images = scan.images
    assert images.precontrast is not None
    assert images.suv is not None
    turned = ClassicalSegmenter().segment(
        Images(
            hbp=reordered(images.hbp, order, flips),
            precontrast=reordered(images.precontrast, order, flips),
            suv=reordered(images.suv, order, flips),
        )
    )
    for mine, theirs in ((turned.lesions, found.lesions), (turned.liver, found.liver)):
        labels = LabelMap(mine.array.astype(np.uint16), mine.grid)
        back, notices = bring_labels(labels, GRID, name="turned")
        assert notices == ()
        np.testing.assert_array_equal(back.array, theirs.array)


def test_a_weak_phase_is_warned_of(scan: Scan) -> None:
    hbp = np.asarray(scan.images.hbp.array).copy()
    dark = scan.vessels | (scan.lesions > 0)
    hbp[dark] = np.maximum(hbp[dark], 0.76 / 0.58 * hbp[dark])
    hbp[scan.spleen] *= 0.75 / 0.60
    found = ClassicalSegmenter().segment(Images(hbp=Volume(hbp, GRID), suv=scan.images.suv))
    assert "POOR_HEPATOBILIARY_PHASE" in [n.code for n in found.notices]


def test_a_body_without_a_bright_liver_is_refused() -> None:
    with pytest.raises(InputError) as error:
        ClassicalSegmenter().segment(Images(hbp=abdomen(with_liver=False).images.hbp))
    assert error.value.code == "LIVER_NOT_FOUND"


@pytest.mark.parametrize("kind", ["ct", "noise", "constant", "mirrored"])
def test_what_is_no_hbp_mri_is_refused(scan: Scan, kind: str) -> None:
    hbp = np.asarray(scan.images.hbp.array)
    array = {
        "ct": hbp - 1000.0,
        "noise": np.random.default_rng(1).normal(100.0, 30.0, hbp.shape),
        "constant": np.full(hbp.shape, 7.0),
        "mirrored": hbp[:, :, ::-1],
    }[kind]
    with pytest.raises(InputError) as error:
        ClassicalSegmenter().segment(Images(hbp=Volume(array, GRID)))
    assert error.value.code == "LIVER_NOT_FOUND"


def test_images_must_share_a_grid(scan: Scan) -> None:
    half = scan.images.hbp.crop((slice(0, 30), slice(0, 96), slice(0, 120)))
    with pytest.raises(GridMismatch):
        Images(hbp=scan.images.hbp, suv=half)
