from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from pathlib import Path

import nibabel as nib
import numpy as np
import pydicom
import pytest
from pydicom.dataset import FileDataset

from netlm_imaging.errors import UsageError
from netlm_imaging.geometry import Grid
from netlm_imaging.volume import Volume
from netlm_sample_data import SamplePaths, write_sample
from netlm_sample_data.sample import Resolution

COARSE = Resolution(mr_mm=(2.6, 2.6, 4.0), ct_mm=(3.0, 3.0, 5.0))
TINY = Resolution(mr_mm=(6.0, 6.0, 9.0), ct_mm=(8.0, 8.0, 10.0))
SEED = 5
TYPE_1 = (
    "PatientName",
    "PatientID",
    "StudyInstanceUID",
    "SeriesInstanceUID",
    "SOPInstanceUID",
    "FrameOfReferenceUID",
)
MANDATORY = {
    "MR": (
        "ScanningSequence",
        "SequenceVariant",
        "ScanOptions",
        "MRAcquisitionType",
        "EchoTime",
        "ImageType",
    ),
    "CT": ("ImageType", "RescaleIntercept", "RescaleSlope", "KVP", "AcquisitionNumber"),
    "PT": (
        "SeriesType",
        "Units",
        "CountsSource",
        "DecayCorrection",
        "CollimatorType",
        "CorrectedImage",
        "NumberOfSlices",
        "ImageIndex",
        "FrameReferenceTime",
        "ActualFrameDuration",
        "SeriesDate",
        "SeriesTime",
        "RescaleIntercept",
        "RescaleSlope",
        "DecayFactor",
        "PatientWeight",
        "RadiopharmaceuticalInformationSequence",
    ),
}
Series = dict[tuple[str, int], list[FileDataset]]


@pytest.fixture(scope="module")
def paths(tmp_path_factory: pytest.TempPathFactory) -> SamplePaths:
    return write_sample("type1", tmp_path_factory.mktemp("sample"), seed=SEED, resolution=COARSE)


@pytest.fixture(scope="module")
def series(paths: SamplePaths) -> Series:
    found: Series = defaultdict(list)
    for path in sorted(paths.dicom.iterdir()):
        item = pydicom.dcmread(path)
        found[item.Modality, int(item.SeriesNumber)].append(item)
    for items in found.values():
        items.sort(key=lambda item: int(item.InstanceNumber))
    return found


@pytest.fixture(scope="module")
def truth(paths: SamplePaths) -> dict[str, Volume]:
    return {path.name.removesuffix(".nii.gz"): load(path) for path in paths.truth.iterdir()}


def load(path: Path) -> Volume:
    image = nib.load(path)
    array = np.asarray(image.dataobj).transpose(2, 1, 0)
    return Volume(array, Grid.from_affine_ras(image.affine, array.shape))


def grid_of(items: list[FileDataset]) -> Grid:
    """The grid from positions and orientation alone."""
    positions = np.array([item.ImagePositionPatient for item in items], float)
    cosines = np.array(items[0].ImageOrientationPatient, float)
    row, column = cosines[:3], cosines[3:]
    step = (positions[-1] - positions[0]) / (len(items) - 1)
    affine = np.eye(4)
    affine[:3, 0] = row * float(items[0].PixelSpacing[1])
    affine[:3, 1] = column * float(items[0].PixelSpacing[0])
    affine[:3, 2], affine[:3, 3] = step, positions[0]
    return Grid.from_affine_lps(affine, (len(items), items[0].Rows, items[0].Columns))


def stored(items: list[FileDataset]) -> np.ndarray:
    return np.stack([item.pixel_array for item in items])


def test_the_study_has_four_series_under_meaningless_names(paths: SamplePaths, series: Series) -> None:
    assert sorted(modality for modality, _ in series) == ["CT", "MR", "MR", "PT"]
    names = sorted(path.name for path in paths.dicom.iterdir())
    assert names == [f"IM{n + 1:05d}" for n in range(len(names))]
    order = [pydicom.dcmread(paths.dicom / name, stop_before_pixels=True).InstanceNumber for name in names]
    assert order != sorted(order)


def test_mandatory_attributes_are_there(series: Series) -> None:
    for (modality, _), items in series.items():
        for item in items:
            assert all(item.get(name) not in (None, "") for name in (*TYPE_1, *MANDATORY[modality]))
            assert item.PatientName == "Sample^Patient"
            assert item.file_meta.MediaStorageSOPInstanceUID == item.SOPInstanceUID


def test_uids_are_valid_and_unique(series: Series) -> None:
    items = [item for group in series.values() for item in group]
    assert len({item.SOPInstanceUID for item in items}) == len(items)
    assert all(item.SOPInstanceUID.is_valid for item in items)
    frames = {modality: {i.FrameOfReferenceUID for i in g} for (modality, _), g in series.items()}
    assert frames["PT"] == frames["CT"]
    assert not frames["MR"] & frames["PT"]


def test_slices_are_evenly_spaced_along_the_normal(series: Series) -> None:
    for items in series.values():
        cosines = np.array(items[0].ImageOrientationPatient, float)
        normal = np.cross(cosines[:3], cosines[3:])
        positions = np.array([item.ImagePositionPatient for item in items], float)
        steps = np.diff(positions, axis=0)
        along = steps @ normal
        assert np.allclose(along, along[0], atol=1e-4)
        assert np.allclose(steps, along[:, None] * normal, atol=1e-3)


def test_the_mri_is_oblique_and_names_its_contrast_agent(series: Series) -> None:
    late = series["MR", 11][0]
    assert np.abs(np.array(late.ImageOrientationPatient, float) - (1, 0, 0, 0, 1, 0)).max() > 0.01
    assert "gadoxet" in late.ContrastBolusAgent.lower()
    assert "ContrastBolusAgent" not in series["MR", 3][0]
    minutes = (float(late.AcquisitionTime) - float(late.ContrastBolusStartTime)) / 100
    assert minutes == pytest.approx(20, abs=2)


def test_truth_lies_on_the_grid_of_the_hbp_series(series: Series, truth: dict[str, Volume]) -> None:
    grid = grid_of(series["MR", 11])
    assert grid.same_as(grid_of(series["MR", 3]))
    for volume in truth.values():
        assert volume.grid.same_as(grid)


def test_liver_on_the_right_and_spleen_on_the_left(truth: dict[str, Volume]) -> None:
    where = {name: v.grid.to_patient(np.argwhere(v.array > 0)).mean(axis=0) for name, v in truth.items()}
    assert where["liver"][0] < where["body"][0] - 20
    assert where["spleen"][0] > where["body"][0] + 40
    assert where["spleen"][1] > where["liver"][1]


def test_truth_maps_belong_together(truth: dict[str, Volume]) -> None:
    liver, lesions = truth["liver"].array > 0, truth["lesions"].array
    cysts, segments = truth["cysts"].array > 0, truth["segments"].array
    assert not (lesions[~liver] > 0).any()
    assert ((segments > 0) == liver).all()
    assert set(np.unique(segments[liver])) == set(range(1, 9))
    assert cysts.any()
    assert not (lesions[cysts] > 0).any()
    assert (truth["vessels"].array[liver] > 0).mean() > 0.005


def test_truth_json_agrees_with_the_maps(paths: SamplePaths, truth: dict[str, Volume]) -> None:
    facts = json.loads(paths.truth_json.read_text())
    liver, lesions = truth["liver"], truth["lesions"]
    assert facts["liver_ml"] == pytest.approx((liver.array > 0).sum() * liver.grid.voxel_ml, rel=0.01)
    assert sum(facts["segments_ml"].values()) == pytest.approx(facts["liver_ml"], rel=1e-3)
    assert [lesion["id"] for lesion in facts["lesions"]] == list(np.unique(lesions.array))[1:]
    for lesion in facts["lesions"]:
        voxels = np.argwhere(lesions.array == lesion["id"])
        mean = lesions.grid.to_patient(voxels).mean(axis=0)
        assert np.linalg.norm(mean - lesion["center_lps_mm"]) < 1.0
        assert len(voxels) * lesions.grid.voxel_ml == pytest.approx(lesion["volume_ml"], rel=0.12)


def test_contrast_of_liver_lesions_cyst_and_vessels(series: Series, truth: dict[str, Volume]) -> None:
    late, early = stored(series["MR", 11]), stored(series["MR", 3])
    regions = {name: truth[name].array > 0 for name in ("lesions", "cysts", "spleen")}
    regions["liver"] = (truth["liver"].array > 0) & ~regions["lesions"] & ~regions["cysts"]
    hbp = {name: np.median(late[mask]) for name, mask in regions.items()}
    pre = {name: np.median(early[mask]) for name, mask in regions.items()}
    assert 0.5 < hbp["lesions"] / hbp["liver"] < 0.75
    assert hbp["cysts"] < 0.45 * hbp["liver"]
    assert pre["cysts"] < 0.65 * pre["liver"] < pre["lesions"]
    assert hbp["liver"] / pre["liver"] == pytest.approx(1.8, rel=0.1)
    assert hbp["liver"] / hbp["spleen"] > 1.5


def test_pet_slopes_differ_and_the_liver_has_the_suv_of_the_truth(paths, series, truth) -> None:
    items = series["PT", 4]
    assert len({float(item.RescaleSlope) for item in items}) > len(items) // 2
    tracer = items[0].RadiopharmaceuticalInformationSequence[0]
    assert tracer.RadionuclideCodeSequence[0].CodeValue == "35337001"
    assert tracer.RadiopharmaceuticalCodeSequence[0].CodeMeaning.startswith("Dotatate")
    suv = suv_by_hand(items)
    assert suv.mean(where=_pet_mask(paths, items, truth, "liver")) == pytest.approx(4.8, rel=0.05)
    assert np.median(suv[_pet_mask(paths, items, truth, "spleen")]) == pytest.approx(17, rel=0.15)


def suv_by_hand(items: list[FileDataset]) -> np.ndarray:
    """SUVbw from the header: Bq/mL times weight over the dose left at the start of the series."""
    tracer = items[0].RadiopharmaceuticalInformationSequence[0]
    start, injected = (_seconds(t) for t in (items[0].SeriesTime, tracer.RadiopharmaceuticalStartTime))
    half_life = float(tracer.RadionuclideHalfLife)
    dose = float(tracer.RadionuclideTotalDose) * 2 ** (-(start - injected) / half_life)
    slopes = np.array([float(item.RescaleSlope) for item in items])
    return stored(items) * slopes[:, None, None] * float(items[0].PatientWeight) * 1000 / dose


def _seconds(clock: str) -> float:
    return int(clock[:2]) * 3600 + int(clock[2:4]) * 60 + float(clock[4:])


def _pet_mask(
    paths: SamplePaths, items: list[FileDataset], truth: dict[str, Volume], name: str
) -> np.ndarray:
    """PET voxels deep inside an organ, by the pose that truth.json records."""
    pose = json.loads(paths.truth_json.read_text())["pet_from_mr"]
    grid, mask = grid_of(items), truth[name].array > 0
    if name == "liver":
        mask = mask & (truth["lesions"].array == 0) & (truth["cysts"].array == 0)
    points = grid.to_patient(np.argwhere(np.ones(grid.shape_kji)))
    in_mr = (points - pose["translation_mm"]) @ np.array(pose["rotation"])
    deep = np.ones(len(points), bool)
    for offset in np.vstack([np.zeros(3), 9 * np.eye(3), -9 * np.eye(3)]):
        index = np.rint(truth[name].grid.to_index(in_mr + offset)).astype(int)
        ok = ((index >= 0) & (index < mask.shape)).all(axis=1)
        deep &= ok
        deep[ok] &= mask[tuple(index[ok].T)]
    assert deep.sum() > 20
    return deep.reshape(grid.shape_kji)


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(tmp_path: Path) -> None:
    first, again, other = (
        _digest(write_sample("type1", tmp_path / name, seed=seed, resolution=TINY).dicom.parent)
        for name, seed in (("first", SEED), ("again", SEED), ("other", SEED + 1))
    )
    assert first == again
    assert not set(first.values()) & set(other.values())


def test_an_older_sample_is_never_mixed_with_a_new_one(paths: SamplePaths) -> None:
    before = _digest(paths.dicom)
    with pytest.raises(UsageError) as caught:
        write_sample("type1", paths.dicom.parent, seed=SEED + 1, resolution=TINY)
    assert caught.value.code == "OUT_NOT_EMPTY"
    assert _digest(paths.dicom) == before


def _digest(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
