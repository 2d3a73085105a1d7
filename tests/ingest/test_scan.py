"""What a folder may hold beside good series, and how series are told apart."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from ingest import builder

from netlm_imaging.errors import InputError
from netlm_imaging.ingest import scan
from netlm_imaging.ingest.study import Study


def reasons(study: Study) -> dict[str, int]:
    return {entry.reason: entry.count for entry in study.skipped}


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


def test_a_series_is_found_by_number_uid_or_hash(tmp_path: Path) -> None:
    builder.write(builder.ct(series="a"), tmp_path)
    builder.write(builder.mr(series="m"), tmp_path, prefix="m")
    study = scan(tmp_path)
    for series, uid in zip(study.series, sorted((builder.uid("a"), builder.uid("m"))), strict=True):
        assert study.find(str(series.number)) is series
        assert study.find(uid) is series
        assert study.find(series.uid_hash) is series
    assert study.find("") is study.find("9") is None
