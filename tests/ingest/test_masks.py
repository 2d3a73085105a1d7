"""Masks as DICOM: SEG frames by their coordinates in any order, and folders as 3D-IRCADb ships them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from ingest import builder
from ingest.mask_builder import GRID, one, orientation, seg
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence as DicomSequence

from netlm_imaging.errors import InputError
from netlm_imaging.ingest import read_mask

RNG = np.random.default_rng(4)
LIVER = RNG.random(GRID.shape_kji) > 0.4
TUMOR = LIVER & (RNG.random(GRID.shape_kji) > 0.7)
TUMOR[[0, 3, 5]] = False


@pytest.mark.parametrize("order", [1, -1])
def test_binary_seg_by_coordinates(order: int, tmp_path: Path) -> None:
    path = seg(tmp_path / "a.dcm", {"Liver": LIVER, "Tumor 1": TUMOR}, order=order)
    found = read_mask(f"{path}#tumor 1")
    grid = found.labels.grid
    inside = np.argwhere(found.labels.array)
    expected = np.argwhere(TUMOR)
    np.testing.assert_allclose(grid.to_patient(inside), GRID.to_patient(expected), atol=1e-3)
    assert found.binary
    whole = read_mask(str(path))
    assert whole.labels.labels == (1, 2)
    assert not whole.binary
    assert [n.code for n in whole.notices] == ["SEG_OVERLAP"]
    np.testing.assert_array_equal(whole.labels.array == 2, TUMOR)
    np.testing.assert_array_equal(whole.labels.array > 0, LIVER)


def test_planes_without_frames_are_empty(tmp_path: Path) -> None:
    """Frames on planes 2, 4 and 6 only: the file's own step tells of the planes between."""
    sparse = LIVER.copy()
    sparse[[0, 1, 3, 5, 7]] = False
    found = read_mask(str(seg(tmp_path / "a.dcm", {"Liver": sparse})))
    assert found.labels.any.volume_ml == pytest.approx(sparse.sum() * GRID.voxel_ml)
    assert found.labels.grid.spacing_mm == pytest.approx(GRID.spacing_mm, abs=1e-4)
    assert [n.code for n in found.notices] == ["SEG_SPACING"]


def test_segment_by_number_and_unknown_segment(tmp_path: Path) -> None:
    path = seg(tmp_path / "a.dcm", {"Liver": LIVER, "Tumor": TUMOR})
    assert read_mask(f"{path}#2").labels.any.voxels == TUMOR.sum()
    with pytest.raises(InputError) as caught:
        read_mask(f"{path}#Spleen")
    assert caught.value.code == "SEGMENT_UNKNOWN"
    # Names are free text, which may name the patient.
    assert "1 (8 frames); 2 (5 frames)" in str(caught.value)
    assert "Liver" not in str(caught.value)


def test_fractional_seg_is_read_at_one_half(tmp_path: Path) -> None:
    """Row 48."""
    fraction = np.where(LIVER, 100, 99)
    found = read_mask(str(seg(tmp_path / "a.dcm", {"Liver": fraction}, kind="FRACTIONAL")))
    assert [n.code for n in found.notices] == ["SEG_FRACTIONAL"]
    np.testing.assert_array_equal(found.labels.array > 0, LIVER)


def test_label_map_seg(tmp_path: Path) -> None:
    """Row 48."""
    labels = LIVER + TUMOR * 2
    labels[labels == 3] = 2
    path = seg(tmp_path / "a.dcm", {"all": labels}, kind="LABELMAP", SegmentSequence=DicomSequence([
        one(SegmentNumber=n, SegmentLabel=name)[0] for n, name in enumerate(("Background", "Liver", "Tumor"))
    ]))  # fmt: skip
    np.testing.assert_array_equal(read_mask(str(path)).labels.array, labels)
    np.testing.assert_array_equal(read_mask(f"{path}#Tumor").labels.array > 0, labels == 2)


def test_single_plane_needs_a_thickness(tmp_path: Path) -> None:
    plane = LIVER.copy()
    plane[np.arange(8) != 4] = False
    found = read_mask(str(seg(tmp_path / "a.dcm", {"Liver": plane})))
    assert found.labels.grid.spacing_mm[2] == 3.1
    assert [n.code for n in found.notices] == ["SEG_SINGLE_PLANE"]
    shared = one(
        PlaneOrientationSequence=one(ImageOrientationPatient=orientation()),
        PixelMeasuresSequence=one(PixelSpacing=[1.7, 0.8]),
    )
    with pytest.raises(InputError) as caught:
        read_mask(str(seg(tmp_path / "b.dcm", {"Liver": plane}, SharedFunctionalGroupsSequence=shared)))
    assert caught.value.code == "SEG_GEOMETRY"


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"NumberOfFrames": 3}, "SEG_FRAME_COUNT"),
        (
            {"SharedFunctionalGroupsSequence": one(PixelMeasuresSequence=one(PixelSpacing=[1, 1]))},
            "SEG_GEOMETRY",
        ),
        ({"SegmentationType": "OTHER"}, "SEG_TYPE"),
        ({"SOPClassUID": builder.SOP_CLASS["CT"]}, "UNREADABLE"),
    ],
)
def test_damaged_seg_is_refused(values: dict[str, Any], code: str, tmp_path: Path) -> None:
    path = seg(tmp_path / "a.dcm", {"Liver": LIVER}, **values)
    with pytest.raises(InputError) as caught:
        read_mask(str(path))
    assert caught.value.code == code


def mask_items(mask: npt.NDArray[Any]) -> list[Dataset]:
    items = [builder.image(plane.astype(np.int16) * 255, GRID, k) for k, plane in enumerate(mask)]
    for item in items:
        del item.FrameOfReferenceUID
    return items


def test_folder_of_one_series(tmp_path: Path) -> None:
    """As 3D-IRCADb ships masks: no frame of reference, no rescale, 255 inside."""
    folder = builder.write(mask_items(TUMOR), tmp_path / "livertumor1")
    found = read_mask(str(folder))
    assert found.binary
    np.testing.assert_array_equal(found.labels.array, TUMOR)
    assert found.labels.grid.same_as(GRID)
    assert found.record.instances == 8


def test_folder_with_a_gap_or_two_series_is_refused(tmp_path: Path) -> None:
    items = mask_items(TUMOR)
    folder = builder.write(items[:3] + items[4:], tmp_path / "gap")
    with pytest.raises(InputError) as caught:
        read_mask(str(folder))
    assert caught.value.code == "MISSING_SLICE"
    two = builder.write(items, tmp_path / "two")
    builder.write(builder.ct(series="other"), two, prefix="x")
    with pytest.raises(InputError) as caught:
        read_mask(str(two))
    assert caught.value.code == "NOT_ONE_SERIES"


def test_empty_mask_is_read_as_it_is(tmp_path: Path) -> None:
    """Row 45: whether an empty mask is an error depends on what it is for."""
    found = read_mask(str(builder.write(mask_items(TUMOR * 0), tmp_path / "none")))
    assert found.labels.labels == ()
    assert found.binary


def test_absent_path(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        read_mask(str(tmp_path / "liver.nii.gz"))
    assert caught.value.code == "NOT_FOUND"
    assert str(tmp_path) not in str(caught.value)


def test_a_series_is_named_by_its_hash_unless_identifiers_are_kept(tmp_path: Path) -> None:
    folder = builder.write(builder.ct(), tmp_path / "mask")
    hashed = read_mask(str(folder)).record.series_uid
    assert hashed is not None
    assert len(hashed) == 12
    assert read_mask(str(folder), keep_identifiers=True).record.series_uid == builder.uid("a")
