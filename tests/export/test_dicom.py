"""DICOM objects of a case: where their voxels lie, what they say, and that they are the same each time."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
import SimpleITK as sitk
from export.examples import Example
from ingest import builder
from ingest.enhanced import enhanced
from pydicom.dataset import Dataset
from strategies import oblique_grid

from netlm_imaging.errors import InputError
from netlm_imaging.export import DicomSource, read_source
from netlm_imaging.export.dicom.objects import dicom_objects, document_again, seg_bytes
from netlm_imaging.geometry import Grid
from netlm_imaging.ingest import read_mask, scan
from netlm_imaging.volume import LabelMap, Mask

GRID = builder.GRID
FINER = oblique_grid(
    (15, 21, 8), (1.7, 0.6, 1.1), euler_degrees=(-31.0, 8.0, 64.0), origin_mm=(-20.0, 61.0, 131.0)
)
"""Turned against the source, other spacing, other extent."""


def source(items: list[Dataset], folder: Path) -> DicomSource:
    builder.write(items, folder)
    (series,) = scan(folder).series
    return read_source([header.path for header in series.headers], where=series.where)


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> DicomSource:
    return source(builder.mr(GRID), tmp_path_factory.mktemp("images"))


def marked(grid: Grid) -> LabelMap:
    """Lesions 4 and 9: no flip, swap or shift leaves them as they are."""
    array = np.zeros(grid.shape_kji, dtype=np.uint8)
    array[1:3, 1:4, 2:4] = 4
    array[1, 1, 5] = 4
    array[2:6, 4, 3:7] = 9
    array[5, 4, 2] = 9
    return LabelMap(array, grid)


def header(content: bytes) -> Dataset:
    return pydicom.dcmread(BytesIO(content))


def centers(labels: LabelMap) -> dict[int, list[tuple[float, ...]]]:
    """Where the voxels of each label lie in the patient, to 1 um."""
    return {
        n: sorted(map(tuple, np.round(labels.grid.to_patient(np.argwhere(labels.array == n)), 3).tolist()))
        for n in labels.labels
    }


@pytest.mark.parametrize(
    "grid",
    [GRID, FINER, replace(GRID, origin_mm=(-35.0, 51.0, 143.0)), oblique_grid((7, 6, 9), left_handed=True)],
    ids=["source", "other", "shifted", "left-handed"],
)
def test_every_voxel_lies_where_it_did(grid: Grid, images: DicomSource, tmp_path: Path) -> None:
    lesions = marked(grid)
    file = tmp_path / "lesions.dcm"
    file.write_bytes(seg_bytes("lesions", lesions, images))
    read = read_mask(str(file))
    found, expected = centers(read.labels), centers(lesions)
    for segment, label in ((1, 4), (2, 9)):
        np.testing.assert_allclose(found[segment], expected[label], atol=2e-3)
    dataset = header(file.read_bytes())
    assert [s.SegmentLabel for s in dataset.SegmentSequence] == ["Lesion 4", "Lesion 9"]
    assert dataset.FrameOfReferenceUID == builder.uid("frame")
    assert dataset.ReferencedSeriesSequence[0].SeriesInstanceUID == builder.uid("m")
    of_frames = [f.get("DerivationImageSequence") for f in dataset.PerFrameFunctionalGroupsSequence]
    assert all(of_frames) if grid is GRID else not any(of_frames)


def test_other_readers_find_the_same_voxels(images: DicomSource, tmp_path: Path) -> None:
    """SimpleITK places the frames, highdicom sorts them into segments."""
    import highdicom as hd

    # Frames of whole bytes: SimpleITK 2.5 misreads others.
    grid = oblique_grid((7, 6, 8), (0.9, 1.3, 2.1))
    liver = Mask(marked(grid).array > 0, grid)
    (tmp_path / "liver.dcm").write_bytes(seg_bytes("liver", liver, images))
    read = sitk.ReadImage(str(tmp_path / "liver.dcm"))
    array = sitk.GetArrayFromImage(read) > 0
    for k, j, i in np.argwhere(array):
        at = read.TransformIndexToPhysicalPoint((int(i), int(j), int(k)))
        assert liver.array[tuple(np.rint(grid.to_index(at)).astype(int))]
    assert array.sum() == liver.voxels

    lesions = marked(FINER)
    seg = hd.seg.Segmentation.from_dataset(header(seg_bytes("lesions", lesions, images)), copy=False)
    volume = seg.get_volume(combine_segments=True)
    at = FINER.to_index(np.argwhere(volume.array == 2) @ volume.affine[:3, :3].T + volume.affine[:3, 3])
    assert {tuple(x) for x in np.rint(at).astype(int)} == {tuple(x) for x in np.argwhere(lesions.array == 9)}


@pytest.fixture(scope="module")
def objects(example: Example, images: DicomSource) -> dict[str, bytes]:
    masks = {
        "liver": example.anatomy.liver,
        "lesions": example.anatomy.lesions,
        "segments": example.anatomy.segments,
        "treated": example.treated,
        "vessels": example.anatomy.vessels,
        "remnant": Mask(np.zeros(example.treated.array.shape, dtype=np.bool_), example.treated.grid),
    }
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        known = {name: mask for name, mask in masks.items() if mask is not None}
        first, second = (dicom_objects(example.case, known, images, pdf=b"%PDF-1.7 odd") for _ in range(2))
    assert first == second
    return first


def test_objects_join_the_study_of_the_source(objects: dict[str, bytes], images: DicomSource) -> None:
    assert set(objects) >= {"liver.dcm", "lesions.dcm", "treated.dcm", "measurements.dcm", "report.dcm"}
    assert "vessels.dcm" not in objects
    assert "remnant.dcm" not in objects  # no voxel
    files = {name: header(content) for name, content in objects.items()}
    for dataset in files.values():
        assert (dataset.PatientName, dataset.PatientID, dataset.PatientBirthDate) == builder.SECRETS[:3]
        assert dataset.AccessionNumber == builder.SECRETS[3]
        assert dataset.StudyInstanceUID == builder.uid("study")
        assert dataset.StudyDate == dataset.get("ContentDate", dataset.StudyDate) == "20240305"
        assert dataset.SeriesInstanceUID not in {images.series_uid, dataset.SOPInstanceUID}
        assert dataset.SOPInstanceUID.startswith("2.25.")
        assert "research" in dataset.SeriesDescription
    assert len({d.SOPInstanceUID for d in files.values()}) == len(files)
    assert len({(d.Modality, d.SeriesInstanceUID) for d in files.values()}) == 3
    assert all(b"DESCRIPTION" not in content for content in objects.values())


def test_measurements_are_those_of_the_case(example: Example, objects: dict[str, bytes]) -> None:
    import highdicom as hd

    report = hd.sr.ComprehensiveSR.from_dataset(header(objects["measurements.dcm"]))
    seg = header(objects["lesions.dcm"])
    groups = {g.tracking_identifier: g for g in report.content.get_volumetric_roi_measurement_groups()}
    for number, lesion in enumerate(sorted(example.case.lesions, key=lambda lesion: lesion.id), start=1):
        group = groups[f"Lesion {lesion.id}"]
        values = {m.name.meaning: (m.value, m.unit.value) for m in group.get_measurements()}
        expected = {
            "Volume": (lesion.volume_ml, "mL"),
            "Maximum 3D Diameter of a Mesh": (lesion.longest_diameter_mm, "mm"),
            "SUVbw": (lesion.suv_max, "g/ml{SUVbw}"),
        }
        assert values == {
            name: (pytest.approx(value, rel=1e-12), unit)
            for name, (value, unit) in expected.items()
            if value is not None
        }
        reference = group.referenced_segment
        assert reference.referenced_sop_instance_uid == seg.SOPInstanceUID
        assert reference.referenced_segment_numbers == [number]
        described = seg.SegmentSequence[number - 1]
        assert (described.SegmentLabel, described.TrackingUID) == (f"Lesion {lesion.id}", group.tracking_uid)
        assert [site.value.meaning for site in group.finding_sites] == ["Liver"]
    liver = {m.name.meaning: m.value for m in groups["Liver"].get_measurements()}
    assert liver["Volume"] == pytest.approx(example.case.liver.total_ml)
    assert liver["Debulking by lesion"] == pytest.approx(example.case.plan.debulking_percent)


def test_segment_numbers_are_those_of_couinaud(images: DicomSource, tmp_path: Path) -> None:
    array = np.zeros(GRID.shape_kji, dtype=np.uint8)
    array[2, 3, 4], array[3, 3, 4] = 5, 8
    (tmp_path / "s.dcm").write_bytes(seg_bytes("segments", LabelMap(array, GRID), images))
    assert read_mask(str(tmp_path / "s.dcm")).labels.labels == (5, 8)


def test_the_report_is_in_it_and_can_be_replaced(objects: dict[str, bytes]) -> None:
    document = header(objects["report.dcm"])
    assert document.EncapsulatedDocument[: document.EncapsulatedDocumentLength] == b"%PDF-1.7 odd"
    assert document_again(objects["report.dcm"], b"%PDF-1.7 odd") == objects["report.dcm"]
    other = header(document_again(objects["report.dcm"], b"%PDF-1.7 other"))
    assert other.EncapsulatedDocument == b"%PDF-1.7 other"
    assert other.SOPInstanceUID != document.SOPInstanceUID
    assert other.PatientID == document.PatientID


def odd_values(items: list[Dataset]) -> None:
    for item in items:
        item.SpecificCharacterSet = "ISO_IR 100"
        item.PatientName, item.PatientSex = "M\xfcller^J\xfcrgen", "W"
        del item.FrameOfReferenceUID, item.StudyDate, item.StudyTime
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            item.PatientBirthDate = "1948-02-29"
            item.PixelSpacing = ["1.3000000000000000", "0.90000000000000000001"]
            item.add_new(0x00101010, "AS", "seventy")


def test_what_is_not_valid_is_left_out(tmp_path: Path) -> None:
    items = builder.ct(GRID)
    odd_values(items)
    made = source(items, tmp_path)
    dataset = header(seg_bytes("liver", Mask(marked(GRID).array > 0, GRID), made))
    assert str(dataset.PatientName) == "M\xfcller^J\xfcrgen"
    assert dataset.SpecificCharacterSet == "ISO_IR 192"
    assert dataset.PatientBirthDate == dataset.PatientSex == ""
    assert "PatientAge" not in dataset
    assert dataset.FrameOfReferenceUID.startswith("2.25.")
    assert dataset.ContentDate == "20240305"  # of the series


def test_an_enhanced_source(tmp_path: Path) -> None:
    whole = enhanced(builder.mr(GRID), shared=("PlaneOrientationSequence", "PixelMeasuresSequence"))
    made = source([whole], tmp_path)
    (tmp_path / "l.dcm").write_bytes(seg_bytes("lesions", marked(GRID), made))
    read = centers(read_mask(str(tmp_path / "l.dcm")).labels)
    np.testing.assert_allclose(read[2], centers(marked(GRID))[9], atol=2e-3)


def without_uid(items: list[Dataset]) -> None:
    for item in items:
        del item.StudyInstanceUID


def of_its_own_kind(items: list[Dataset]) -> None:
    for item in items:
        item.SOPClassUID = item.file_meta.MediaStorageSOPClassUID = "1.2.3.4"


@pytest.mark.parametrize("spoil", [without_uid, of_its_own_kind])
def test_nothing_is_written_where_nothing_can_be_referred_to(
    spoil: Callable[[list[Dataset]], Any], tmp_path: Path
) -> None:
    items = builder.ct(GRID)
    spoil(items)
    with pytest.raises(InputError) as error:
        source(items, tmp_path)
    assert error.value.code == "NO_DICOM_WRITTEN"
