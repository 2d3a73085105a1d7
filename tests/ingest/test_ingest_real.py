"""Real scans: what their README files say of them must come out."""

from __future__ import annotations

import json
import tarfile
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk
from pydicom.dataset import Dataset
from unpacking import SAFELY

from netlm_imaging.errors import InputError
from netlm_imaging.ingest import Series, read_image, read_mask, read_nifti_image, scan
from netlm_imaging.ingest.header import parse_header, quiet
from netlm_imaging.ingest.roles import role_of

pytestmark = pytest.mark.real


def unpack(archive: Path, folder: Path) -> Path:
    with tarfile.open(archive) as tar:
        tar.extractall(folder, **SAFELY)
    return folder


@pytest.fixture(scope="module")
def ircad(real_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("ircad17")
    unpack(real_data / "ircad17" / "patient_dicom.tar.xz", folder)
    return unpack(real_data / "ircad17" / "masks_dicom.tar.xz", folder)


def test_ircad_ct(ircad: Path) -> None:
    """No frame of reference, window width 0: still a good CT."""
    study = scan(ircad / "PATIENT_DICOM")
    series = study.choose("ct")
    assert series is not None
    image = read_image(series)
    assert image.volume.grid.shape_kji == (119, 512, 512)
    assert image.volume.grid.spacing_mm == pytest.approx((0.743, 0.743, 1.6), abs=1e-4)
    assert image.volume.array.dtype == np.int16
    reference = sitk.ReadImage([str(h.path) for h in series.headers])
    np.testing.assert_array_equal(image.volume.array, sitk.GetArrayFromImage(reference))
    np.testing.assert_allclose(image.volume.grid.origin_mm, reference.GetOrigin(), atol=1e-3)


@pytest.mark.parametrize(
    ("name", "volume_ml"), [("liver", 1860.6), ("livertumor1", 85.6), ("livertumor2", 78.6)]
)
def test_ircad_masks(ircad: Path, name: str, volume_ml: float) -> None:
    mask = read_mask(str(ircad / "MASKS_DICOM" / name))
    assert mask.binary
    assert mask.labels.any.volume_ml == pytest.approx(volume_ml, abs=0.05)


def test_ircad_dicom_and_nifti_masks_coincide(ircad: Path, real_data: Path) -> None:
    """The NIfTI has its rows the other way round; in millimetres both are the same liver."""
    dicom = read_mask(str(ircad / "MASKS_DICOM" / "liver")).labels.any.canonical()
    nifti = read_mask(str(real_data / "ircad17" / "couinaud_label.nii.gz")).labels.any.canonical()
    assert np.abs(dicom.grid.corners_lps_mm() - nifti.grid.corners_lps_mm()).max() < 0.01
    both = np.count_nonzero(dicom.array & nifti.array)
    assert 2 * both / (dicom.voxels + nifti.voxels) == pytest.approx(0.9998, abs=1e-4)


@pytest.mark.parametrize(
    ("name", "volumes"),
    [
        ("ircad1", (41, 161, 66, 166, 177, 150, 391, 313)),
        ("ircad3", (79, 83, 27, 124, 188, 164, 210, 266)),
        ("ircad5", (75, 259, 122, 402, 352, 225, 202, 374)),
        ("ircad10", (49, 234, 107, 248, 250, 116, 184, 398)),
    ],
)
def test_couinaud_volumes(real_data: Path, name: str, volumes: tuple[int, ...]) -> None:
    labels = read_mask(str(real_data / "couinaud-masks" / f"{name}_label.nii.gz")).labels
    counts = np.bincount(labels.array.ravel(), minlength=9)[1:] * labels.grid.voxel_ml
    np.testing.assert_allclose(counts, volumes, atol=0.51)


def test_petct_study_has_its_roles(real_data: Path) -> None:
    study = scan(real_data / "ohif-acrin-petct")
    assert study.faults == ()
    for role in ("ct", "pet"):
        series = study.choose(role)
        assert series is not None
        assert series.instances == 135
    assert "localizer" in [entry.reason for entry in study.skipped]
    assert sum(series.role == "seg" for series in study.series) == 3


def only_dicom(folder: Path) -> Series:
    """The one DICOM series of a folder that may hold converted copies too."""
    (series,) = (s for s in scan(folder).series if s.modality != "NIfTI")
    return series


@pytest.mark.parametrize(
    ("name", "codes"),
    [
        ("gantrytilting", {"TILT"}),
        ("sliceincrement/001", {"MISSING_SLICE"}),
        ("sliceincrement/002", {"MISSING_SLICE", "TILT"}),
        ("notavolume", {"DUPLICATE_POSITION"}),
        ("sliceorientation", {"ORIENTATION_MIXED", "SPACING_MIXED"}),
        ("slicecount", {"TOO_FEW_SLICES"}),
    ],
)
def test_difficult_series_are_refused(real_data: Path, name: str, codes: set[str]) -> None:
    series = only_dicom(real_data / "dicom-quirks" / "dicom2nifti" / "failing" / name)
    assert {fault.code for fault in series.faults} == codes
    with pytest.raises(InputError):
        read_image(series)


@pytest.mark.parametrize("codec", ["j2k", "jpeg", "jpegls", "rle"])
def test_compressed_copies_equal_their_reference(real_data: Path, codec: str) -> None:
    """Bit for bit what another converter made of them, and so each other."""
    folder = real_data / "dicom-quirks" / "dicom2nifti" / "generic" / f"compressed_{codec}"
    series = only_dicom(folder)
    found = read_image(series).volume.canonical()
    reference = read_nifti_image(folder / "001_ground_truth.nii.gz").volume.canonical()
    np.testing.assert_array_equal(found.array, reference.array)
    assert np.abs(found.grid.corners_lps_mm() - reference.grid.corners_lps_mm()).max() < 1e-3


@pytest.mark.parametrize("name", ["philips_enhanced", "siemens_multiframe"])
def test_enhanced_mr_equals_its_reference(real_data: Path, name: str) -> None:
    """Row 37: coordinates and values (slope included) as another converter wrote them."""
    folder = real_data / "dicom-quirks" / "dicom2nifti" / name / "anatomical"
    found = read_image(only_dicom(folder)).volume.canonical()
    reference = read_nifti_image(folder / "001_ground_truth.nii.gz").volume.canonical()
    assert np.abs(found.grid.corners_lps_mm() - reference.grid.corners_lps_mm()).max() < 1e-3
    np.testing.assert_allclose(found.array, reference.array, rtol=1e-6)


@pytest.mark.parametrize("name", ["23x38x3", "24x38x3"])
def test_enhanced_ct_equals_its_classic_images(real_data: Path, name: str) -> None:
    folder = real_data / "seg-rtstruct" / "dcmqi_segmentations" / name
    found, classic = (read_image(only_dicom(folder / kind)).volume for kind in ("multiframe", "image"))
    np.testing.assert_array_equal(found.array, classic.array)
    assert found.grid.same_as(classic.grid)


def test_copies_together_are_one_volume(real_data: Path, tmp_path: Path) -> None:
    """The same instances in JPEG-LS and RLE: equal pixels, so each is used once."""
    folder = real_data / "dicom-quirks" / "dicom2nifti" / "generic"
    for codec in ("jpegls", "rle"):
        (tmp_path / codec).mkdir()
        for file in (folder / f"compressed_{codec}").rglob("*.dcm"):
            (tmp_path / codec / file.name).write_bytes(file.read_bytes())
    (series,) = scan(tmp_path).series
    assert series.instances == 4
    assert "DUPLICATE_DROPPED" in [notice.code for notice in series.notices]


def test_dynamic_ct_is_nineteen_volumes(real_data: Path) -> None:
    study = scan(real_data / "dicom-quirks" / "ct4d_tiny")
    assert len(study.series) == 19
    assert all(series.instances == 4 and not series.faults for series in study.series)


def test_dynamic_mr_with_an_extracellular_agent(real_data: Path) -> None:
    """A dynamic T1 series with Dotarem is no hepatobiliary phase."""
    path = real_data / "dicom-quirks" / "liver_mr_extracellular" / "header_tags.json"
    dataset = Dataset()
    with quiet():
        for name, value in json.loads(path.read_text()).items():
            setattr(dataset, name, value)
    verdict = role_of(parse_header(dataset, path=path, where="header"))
    assert verdict.role == "other", verdict.reason


def test_chaos_like_thickness(real_data: Path) -> None:
    """Row 25: slice thickness 3 mm on a step of 2 mm, JPEG 2000."""
    (series,) = scan(real_data / "totalsegmentator" / "example_ct_dicom").series
    image = read_image(series)
    assert image.volume.grid.spacing_mm[2] == pytest.approx(2.0, abs=1e-4)
    truth = read_mask(str(real_data / "totalsegmentator" / "example_seg_dicom.nii.gz")).labels
    first, second = image.volume.canonical().grid, truth.canonical().grid
    assert np.abs(first.corners_lps_mm() - second.corners_lps_mm()).max() < 0.05


@pytest.mark.parametrize(
    ("seg", "nrrd"),
    [
        ("liver.dcm", "liver_seg.nrrd"),
        ("23x38x3/seg/label.seg", "23x38x3/nrrd/label.nrrd"),
        ("24x38x3/seg/label.seg", "24x38x3/nrrd/label.nrrd"),
        ("sparse-labelmap-noppv.dcm", "sparse_labelmap_noppv_seg.nrrd"),
    ],
)
def test_seg_of_another_software(real_data: Path, seg: str, nrrd: str) -> None:
    folder = real_data / "seg-rtstruct" / "dcmqi_segmentations"
    found, truth = read_mask(str(folder / seg)).labels, read_mask(str(folder / nrrd)).labels
    assert found.any.volume_ml == pytest.approx(truth.any.volume_ml, rel=1e-3)
    inside = np.argwhere(found.array)
    back = np.rint(truth.grid.to_index(found.grid.to_patient(inside))).astype(int)
    assert (truth.array[tuple(back.T)] > 0).all()


@pytest.mark.parametrize(("segment", "volume_ml"), [(1, 6.31), (2, 7.81), (3, 7.06), (4, 4.40), (5, 3.10)])
def test_overlapping_segments_one_by_one(real_data: Path, segment: int, volume_ml: float) -> None:
    path = real_data / "seg-rtstruct" / "dcmqi_segmentations" / "partial_overlaps.dcm"
    assert read_mask(f"{path}#{segment}").labels.any.volume_ml == pytest.approx(volume_ml, abs=0.005)


@pytest.mark.parametrize(
    ("name", "volumes"),
    [("seg_on_ct", (1880.3, 1798.0)), ("seg_on_pt_1", (183.1, 1705.2)), ("seg_on_pt_2", (8488.5,))],
)
def test_seg_of_the_petct(real_data: Path, name: str, volumes: tuple[float, ...]) -> None:
    (path,) = (real_data / "ohif-acrin-petct" / name).glob("*.dcm")
    labels = read_mask(str(path)).labels
    assert [labels.mask(n).volume_ml for n in labels.labels] == pytest.approx(volumes, abs=0.06)
