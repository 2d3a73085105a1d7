"""Row 36: how much an archive may hold, counted while it comes out."""

from __future__ import annotations

import errno
import os
import shutil
import tracemalloc
import zipfile
from pathlib import Path

import pytest
from ingest import builder
from ingest.test_archive import END, good, patched, refused, with_entry, zipped

from netlm_imaging.ingest import archive, scan

__all__ = ["good"]


def zeros(target: Path, size: int = 4 * 2**20) -> Path:
    """Deflated a thousand to one."""
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as file, file.open("a", "w") as entry:
        for _ in range(size // 2**20):
            entry.write(bytes(2**20))
    return target


def test_a_bomb_is_refused_by_its_ratio(tmp_path: Path, scratch: Path) -> None:
    tracemalloc.start()
    said = refused(zeros(tmp_path / "a.zip", 64 * 2**20), "ZIP_RATIO")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert "at most 200 bytes" in said
    assert peak < 8 * 2**20


def test_small_archives_may_be_dense(tmp_path: Path, scratch: Path) -> None:
    with_entry(tmp_path / "a.zip", "a", bytes(900_000))
    assert "1 not DICOM" in refused(tmp_path / "a.zip", "NO_IMAGES")


def test_the_ratio_counts_what_comes_out_not_what_is_declared(
    tmp_path: Path, scratch: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As if the table of contents could lie to zipfile."""
    monkeypatch.setattr(archive.Unpacker, "_size_faults", lambda *_: [])
    refused(zeros(tmp_path / "a.zip"), "ZIP_RATIO")
    monkeypatch.setattr(archive, "LARGEST_RATIO", 10**9)
    monkeypatch.setattr(archive, "LARGEST_TOTAL", 2**20)
    refused(tmp_path / "a.zip", "ZIP_TOO_LARGE")


def test_the_total_counts_over_all_archives(
    tmp_path: Path, scratch: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "in"
    builder.write(builder.ct(), folder)
    (tmp_path / "noise").mkdir()
    (tmp_path / "noise" / "n").write_bytes(os.urandom(100_000))
    for name in ("a.zip", "b.zip"):
        zipped(tmp_path / "noise", folder / name)
    assert scan(folder).faults == ()
    monkeypatch.setattr(archive, "LARGEST_TOTAL", 150_000)
    assert [(f.code, f.where) for f in scan(folder).faults] == [("ZIP_TOO_LARGE", "b.zip")]


def test_folders_of_an_archive_count_for_nothing(good: Path) -> None:
    with zipfile.ZipFile(good, "a") as file:
        file.mkdir("empty")
    assert scan(good).skipped == ()


def many(target: Path, count: int) -> Path:
    with zipfile.ZipFile(target, "w") as file:
        for n in range(count):
            file.writestr(zipfile.ZipInfo(str(n)), b"")
    return target


def test_too_many_files(tmp_path: Path, scratch: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "MOST_FILES", 50)
    path = many(tmp_path / "a.zip", 51)
    assert "51" in refused(path, "ZIP_TOO_MANY_FILES")
    monkeypatch.setattr(archive, "LARGEST_DIRECTORY", 1000)
    assert "table of contents" in refused(path, "ZIP_TOO_MANY_FILES")


def test_a_table_of_contents_larger_than_it_says(tmp_path: Path, scratch: Path) -> None:
    """The count of the end record is not what is counted."""
    path = patched(many(tmp_path / "a.zip", 20), END, 8, b"\x01\x00\x01\x00", last=True)
    assert "20 empty file" in refused(path, "NO_IMAGES")


def test_a_full_disk(good: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = shutil.disk_usage(good.parent)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=archive.SPARE_SPACE))
    assert "TMPDIR" in refused(good, "DISK_FULL")
    monkeypatch.undo()

    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(archive.Unpacker, "_inflate", full)
    refused(good, "DISK_FULL")
