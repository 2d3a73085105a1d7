"""SEG and RTSTRUCT of other software: volumes and places that are known, or counted independently."""

from __future__ import annotations

import tarfile
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.pixels.utils import pixel_array
from unpacking import SAFELY

from netlm_imaging.align import bring_labels
from netlm_imaging.errors import InputError
from netlm_imaging.geometry import Grid
from netlm_imaging.ingest import read_image, read_mask, scan

pytestmark = pytest.mark.real

SEGS = (
    "seg-rtstruct/dcmqi_segmentations/liver.dcm",
    "seg-rtstruct/dcmqi_segmentations/partial_overlaps.dcm",
    "seg-rtstruct/dcmqi_segmentations/sparse-labelmap-noppv.dcm",
    "seg-rtstruct/dcmqi_segmentations/sparse-labelmap-ppv5.dcm",
    "seg-rtstruct/dcmqi_segmentations/23x38x3/seg/label.seg",
    "seg-rtstruct/dcmqi_segmentations/24x38x3/seg/label.seg",
    "seg-rtstruct/dcmqi_sr-example/seg.dcm",
    "seg-rtstruct/highdicom/seg_image_ct_binary.dcm",
    "seg-rtstruct/highdicom/seg_image_ct_binary_overlap.dcm",
    "seg-rtstruct/highdicom/seg_image_ct_binary_fractional.dcm",
    "seg-rtstruct/highdicom/seg_image_ct_binary_single_frame.dcm",
    "seg-rtstruct/highdicom/seg_image_ct_true_fractional.dcm",
    "ohif-acrin-petct/seg_on_ct/40.1660682321.760112.dcm",
    "ohif-acrin-petct/seg_on_pt_1/14.1661528447.504366.dcm",
    "ohif-acrin-petct/seg_on_pt_2/85.1661548339.162309.dcm",
)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", SEGS)
def test_every_segment_has_the_voxels_of_its_frames(real_data: Path, name: str) -> None:
    """Counted by pydicom, frame by frame, whatever their order and overlap."""
    path = real_data / name
    dataset = pydicom.dcmread(path)
    pixels = np.atleast_3d(pixel_array(dataset, raw=True)).reshape(-1, dataset.Rows, dataset.Columns)
    shared = dataset.SharedFunctionalGroupsSequence[0]
    measures = shared.PixelMeasuresSequence[0]
    down, across = map(float, measures.PixelSpacing)
    for segment in dataset.SegmentSequence:
        number = int(segment.SegmentNumber)
        if number == 0:
            continue
        if dataset.SegmentationType == "LABELMAP":
            count = np.count_nonzero(pixels == number)
        else:
            owners = [
                frame.SegmentIdentificationSequence[0].ReferencedSegmentNumber
                for frame in dataset.PerFrameFunctionalGroupsSequence
            ]
            least = dataset.get("MaximumFractionalValue", 2) / 2
            count = np.count_nonzero(pixels[np.array(owners) == number] >= least)
        mask = read_mask(f"{path}#{number}").labels.any
        assert mask.voxels == count
        step = mask.grid.spacing_mm[2]
        assert mask.volume_ml == pytest.approx(count * down * across * step / 1000, rel=1e-9)
        said = measures.get("SpacingBetweenSlices")
        if said:
            assert step == pytest.approx(float(said), rel=0.01)


@pytest.mark.parametrize(
    ("name", "volumes", "uptake"),
    [("001", (106.8, 2.8), (1143, 1475)), ("002", (107.6, 2.9), (1447, 2159))],
)
def test_lesions_of_the_lutetium_patient(
    real_data: Path, tmp_path: Path, name: str, volumes: tuple[float, ...], uptake: tuple[float, ...]
) -> None:
    """Volumes within 1 %, without and with the scan; on the scan the lesions lie on their uptake."""
    path = real_data / "lu177-dotatate" / f"rtstruct_scan_{name}.dcm"
    with tarfile.open(real_data / "lu177-dotatate" / f"scan_{name}.tar.xz") as archive:
        archive.extractall(tmp_path, **SAFELY)
    (series,) = [s for s in scan(tmp_path).series if s.modality == "PT"]
    image = read_image(series, raw=True).volume
    for grid in (None, image.grid):
        found = read_mask(str(path), grid=grid)
        assert found.frame_uid_hash == series.frame_uid_hash
        assert [found.labels.mask(n).volume_ml for n in (1, 2)] == pytest.approx(volumes, rel=0.01)
        parts = [read_mask(f"{path}#{part}", grid=grid) for part in ("lesion1 liver R lobe", "2")]
        assert [part.labels.any.volume_ml for part in parts] == pytest.approx(volumes, rel=0.01)
    brought, _ = bring_labels(found.labels, image.grid, name="lesions")
    means = [float(image.array[brought.array == n].mean()) / 1000 for n in (1, 2)]
    assert means == pytest.approx(uptake, rel=0.015)


@pytest.mark.parametrize("name", ["invalid_reference_rt.dcm", "non_existent_reference_rt.dcm"])
def test_references_to_images_that_are_not_there(real_data: Path, name: str) -> None:
    """Row 49. Each plane has one simple contour here: the surveyor's formula gives the volume."""
    path = real_data / "seg-rtstruct" / "rt-utils" / name
    for roi in pydicom.dcmread(path).ROIContourSequence:
        area = 0.0
        for outline in roi.ContourSequence:
            x, y, _ = np.array(outline.ContourData, dtype=float).reshape(-1, 3).T
            area += abs(float(x @ np.roll(y, -1) - y @ np.roll(x, -1))) / 2
        found = read_mask(f"{path}#{roi.ReferencedROINumber}").labels.any
        assert found.volume_ml == pytest.approx(area * 5 / 1000, rel=0.01)


def test_one_plane_with_a_hole(real_data: Path) -> None:
    """By rt-utils: a square of 24 mm with a hole; the image's step of 5 mm is its thickness."""
    path = real_data / "seg-rtstruct" / "rt-utils" / "rt.dcm"
    with pytest.raises(InputError) as caught:
        read_mask(str(path))
    assert caught.value.code == "NO_THICKNESS"
    image = Grid(shape_kji=(3, 200, 200), spacing_mm=(1.0, 1.0, 5.0), origin_mm=(-100.0, -100.0, 55.0))
    found = read_mask(str(path), grid=image).labels.any
    assert found.volume_ml == pytest.approx((24 * 24 - 224.5) * 5 / 1000, rel=0.01)
