"""What a folder may hold beside good series, and how series are told apart."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from ingest import builder
from pydicom.dataset import Dataset

from netlm_imaging.errors import InputError
from netlm_imaging.ingest import read_image, scan
from netlm_imaging.ingest.study import Study


def reasons(study: Study) -> dict[str, int]:
    return {entry.reason: entry.count for entry in study.skipped}


def other(items: list[Dataset], **values: object) -> list[Dataset]:
    """The same positions under other UIDs, with some attributes set."""
    for n, item in enumerate(items):
        item.SOPInstanceUID = item.file_meta.MediaStorageSOPInstanceUID = builder.uid(
            sorted(values), n, str(values)
        )
        for name, value in values.items():
            setattr(item, name, value)
    return items


def test_files_that_are_no_images_are_skipped_and_counted(tmp_path: Path) -> None:
    """Row 17."""
    builder.write(builder.ct(), tmp_path)
    (tmp_path / "Thumbs.db").write_bytes(b"\xd0\xcf\x11\xe0" + bytes(400))
    (tmp_path / "notes.txt").write_text("hello")
    (tmp_path / "empty").touch()
    (tmp_path / "DICOMDIR").write_bytes(bytes(128) + b"DICM" + b"\x02\x00\x00\x00junk")
    study = scan(tmp_path)
    assert len(study.series) == 1
    assert study.series[0].faults == ()
    assert sum(reasons(study).values()) == 4
    assert reasons(study)["empty file"] == 1
    assert {n.code for n in study.notices} == {"FILES_SKIPPED"}


def test_an_emptied_file_inside_a_stack_leaves_a_gap(tmp_path: Path) -> None:
    """Row 17: skipped, then row 1 applies."""
    builder.write(builder.ct(), tmp_path)
    (tmp_path / "d1" / "deep" / "f3").write_bytes(b"")
    study = scan(tmp_path)
    assert [f.code for f in study.series[0].faults] == ["MISSING_SLICE"]


def test_localizers_and_captures_are_skipped(tmp_path: Path) -> None:
    """Rows 9 and 27."""
    builder.write(builder.ct(), tmp_path)
    planes = ([1, 0, 0, 0, 1, 0], [1, 0, 0, 0, 0, -1], [0, 1, 0, 0, 0, -1])
    scout = builder.mr(series="scout")[:6]
    for n, item in enumerate(scout):
        item.ImageOrientationPatient = planes[n % 3]
    flagged = builder.ct(series="flagged")
    for item in flagged:
        item.ImageType = ["ORIGINAL", "PRIMARY", "LOCALIZER"]
    capture = builder.ct(series="capture")[:1]
    capture[0].SOPClassUID = "1.2.840.10008.5.1.4.1.1.7"
    color = builder.ct(series="color")[:1]
    color[0].SamplesPerPixel, color[0].PhotometricInterpretation = 3, "RGB"
    color[0].PlanarConfiguration, color[0].PixelData = 0, bytes(6 * 9 * 3 * 2)
    for name, items in (("s", scout), ("g", flagged), ("c", capture), ("r", color)):
        builder.write(items, tmp_path, prefix=name)
    study = scan(tmp_path)
    assert [s.role for s in study.series] == ["ct"]
    assert reasons(study) == {"localizer": 13, "secondary capture": 1, "color image (screen capture)": 1}


def test_single_image_is_no_volume(tmp_path: Path) -> None:
    builder.write(builder.ct(), tmp_path)
    builder.write(builder.mr()[:1], tmp_path, prefix="one")
    study = scan(tmp_path)
    assert len(study.series) == 1
    assert reasons(study) == {"single image, no volume": 1}


def test_ambiguous_role_names_the_candidates(tmp_path: Path) -> None:
    """Row 10."""
    builder.write(builder.ct(series="a"), tmp_path)
    builder.write(builder.ct(series="b"), tmp_path, prefix="b")
    study = scan(tmp_path)
    with pytest.raises(InputError) as caught:
        study.choose("ct")
    assert caught.value.code == "AMBIGUOUS_ROLE"
    assert "series 1" in str(caught.value)
    assert "series 2" in str(caught.value)


@pytest.mark.parametrize(
    ("attribute", "values", "rule"),
    [
        ("AcquisitionNumber", (1, 2), "acquisition number"),
        ("TriggerTime", ("0", "650"), "trigger time"),
        ("EchoTime", ("1.2", "2.4"), "echo"),
        ("DiffusionBValue", (50.0, 800.0), "b-value"),
        ("AcquisitionTime", ("100000", "100130"), "acquisition time"),
        ("TemporalPositionIdentifier", (1, 2), "temporal position"),
        ("ImageType", (["DERIVED", "PRIMARY", "W"], ["DERIVED", "PRIMARY", "F"]), "image type"),
    ],
)
def test_several_volumes_in_one_series_are_split(
    attribute: str, values: tuple[object, object], rule: str, tmp_path: Path
) -> None:
    """Row 11."""
    first = other(builder.mr(seed=2), **{attribute: values[0]})
    second = other(builder.mr(seed=5), **{attribute: values[1]})
    builder.write(first, tmp_path)
    builder.write(second, tmp_path, prefix="second")
    study = scan(tmp_path)
    assert [s.split_by for s in study.series] == [(rule,), (rule,)]
    assert all("SERIES_SPLIT" in [n.code for n in s.notices] for s in study.series)
    found = [read_image(s).volume.array for s in study.series]
    expected = [builder.pattern(seed=2), builder.pattern(seed=5)]
    if values[0] == ["DERIVED", "PRIMARY", "W"]:
        expected.reverse()
    for array, wanted in zip(found, expected, strict=True):
        np.testing.assert_array_equal(array, wanted)


def test_phases_and_echoes_are_split_by_both(tmp_path: Path) -> None:
    n = 0
    for phase in (1, 2, 3):
        for echo in ("1.2", "2.4"):
            n += 1
            items = other(builder.mr(seed=n), AcquisitionNumber=phase, EchoTime=echo)
            builder.write(items, tmp_path, prefix=f"v{n}")
    study = scan(tmp_path)
    assert [s.split_by for s in study.series] == [("echo", "acquisition number")] * 6
    assert all(s.faults == () for s in study.series)


def test_times_that_differ_at_every_slice_are_split_by_their_order(tmp_path: Path) -> None:
    for phase in (0, 1):
        items = other(builder.mr(seed=phase + 2), AcquisitionNumber=1, SeriesNumber=3, InstanceNumber=phase)
        for k, item in enumerate(items):
            item.AcquisitionTime = f"10{phase:02d}{k:02d}"
        builder.write(items, tmp_path, prefix=f"p{phase}")
    study = scan(tmp_path)
    assert [s.split_by for s in study.series] == [("order of acquisition time at each position",)] * 2
    for s, seed in zip(study.series, (2, 3), strict=True):
        np.testing.assert_array_equal(read_image(s).volume.array, builder.pattern(seed=seed))


def test_two_patients_in_one_study(tmp_path: Path) -> None:
    """Row 22: named by hashes only."""
    builder.write(builder.ct(), tmp_path)
    second = builder.mr()
    for item in second:
        item.PatientID = "SECRET-OTHER"
    builder.write(second, tmp_path, prefix="m")
    study = scan(tmp_path)
    with pytest.raises(InputError) as caught:
        study.choose("ct")
    assert caught.value.code == "PATIENT_MISMATCH"
    assert "SECRET" not in str(caught.value)


def test_series_in_two_frames_of_reference_are_told_apart(tmp_path: Path) -> None:
    """Row 23: MR and PET/CT may differ; registration needs to know."""
    builder.write(builder.ct(), tmp_path)
    second = builder.mr()
    for item in second:
        item.FrameOfReferenceUID = builder.uid("elsewhere")
    builder.write(second, tmp_path, prefix="m")
    first, other_series = scan(tmp_path).series
    assert first.frame_uid_hash != other_series.frame_uid_hash
    assert first.faults == other_series.faults == ()


def test_no_preamble_is_read_with_force(tmp_path: Path) -> None:
    """Row 33."""
    builder.write(builder.ct(), tmp_path)
    for file in tmp_path.rglob("f*"):
        file.write_bytes(file.read_bytes()[132:])
    with pytest.raises(InputError) as caught:
        scan(tmp_path)
    assert caught.value.code == "NO_IMAGES"
    assert "--force" in str(caught.value)
    (series,) = scan(tmp_path, force=True).series
    np.testing.assert_array_equal(read_image(series).volume.array, builder.pattern() - 1000)


def test_links_never_lead_out_of_the_input(tmp_path: Path) -> None:
    """Row 35."""
    inside, outside = tmp_path / "in", tmp_path / "out"
    builder.write(builder.ct(), inside)
    builder.write(builder.mr(), outside)
    (inside / "folder").symlink_to(outside)
    (inside / "file").symlink_to(outside / "d0" / "deep" / "f0")
    study = scan(inside)
    assert [s.modality for s in study.series] == ["CT"]


def test_names_of_any_kind(tmp_path: Path) -> None:
    """Row 52: spaces and letters beyond ASCII in the path."""
    folder = tmp_path / "Leber Größe 肝臓 ' $(x)"
    builder.write(builder.ct(), folder)
    (series,) = scan(folder).series
    assert read_image(series).volume.grid.same_as(builder.GRID)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_no_permission(tmp_path: Path) -> None:
    """Row 52."""
    folder = builder.write(builder.ct(), tmp_path / "closed")
    folder.chmod(0)
    try:
        with pytest.raises(InputError) as caught:
            scan(folder)
    finally:
        folder.chmod(0o700)
    assert caught.value.code == "NO_PERMISSION"


def test_unreadable_file_is_skipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Row 52, for root too: opening one file fails."""
    builder.write(builder.ct(), tmp_path)
    opened = Path.open

    def closed(self: Path, *args: object, **kwargs: object) -> object:
        if self.name == "f6":
            raise PermissionError(13, "Permission denied")
        return opened(self, *args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(Path, "open", closed)
    study = scan(tmp_path)
    assert reasons(study) == {"unreadable": 1}
    assert study.series[0].instances == 6


@pytest.mark.parametrize("kind", ["absent", "empty", "text"])
def test_nothing_to_read(kind: str, tmp_path: Path) -> None:
    folder = tmp_path / "study"
    if kind != "absent":
        folder.mkdir()
    if kind == "text":
        (folder / "a.txt").write_text("hello")
    with pytest.raises(InputError) as caught:
        scan(folder)
    assert caught.value.code == ("NOT_FOUND" if kind == "absent" else "NO_IMAGES")
    assert str(tmp_path) not in str(caught.value)


def test_emptied_identifiers(tmp_path: Path) -> None:
    """An anonymizer that empties every UID leaves one series a folder."""
    for series in ("a", "b"):
        items = builder.ct(series=series)
        for item in items:
            item.SOPInstanceUID = item.SeriesInstanceUID = item.StudyInstanceUID = ""
            item.SOPClassUID = item.PatientID = item.PatientName = ""
        for n, item in enumerate(items):
            (tmp_path / series).mkdir(exist_ok=True)
            item.save_as(tmp_path / series / f"{n}", enforce_file_format=True)
    study = scan(tmp_path)
    assert [s.instances for s in study.series] == [7, 7]
    assert all("SERIES_UID_MISSING" in [n.code for n in s.notices] for s in study.series)


def test_files_without_any_file_meta(tmp_path: Path) -> None:
    """Row 33: implicit VR little endian, nothing before the data set."""
    for n, item in enumerate(builder.ct()):
        del item.file_meta
        item.save_as(tmp_path / str(n), implicit_vr=True, little_endian=True)
    (series,) = scan(tmp_path, force=True).series
    np.testing.assert_array_equal(read_image(series).volume.array, builder.pattern() - 1000)


def test_a_series_is_found_by_number_uid_or_hash(tmp_path: Path) -> None:
    builder.write(builder.ct(series="a"), tmp_path)
    builder.write(builder.mr(series="m"), tmp_path, prefix="m")
    study = scan(tmp_path)
    for series, uid in zip(study.series, sorted((builder.uid("a"), builder.uid("m"))), strict=True):
        assert study.find(str(series.number)) is series
        assert study.find(uid) is series
        assert study.find(series.uid_hash) is series
    assert study.find("") is study.find("9") is None
