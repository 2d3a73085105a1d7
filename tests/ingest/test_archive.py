"""Row 36: zip archives as input; every way in which one can lie, and the life of what was unpacked."""

from __future__ import annotations

import gc
import os
import shutil
import stat
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from ingest import builder
from ingest.test_raster_series import GRID, VALUES, save

from netlm_imaging.errors import InputError
from netlm_imaging.ingest import archive, read_image, read_mask, scan


def zipped(folder: Path, target: Path, *, method: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(target, "w", method) as file:
        for path in sorted(path for path in folder.rglob("*") if path.is_file()):
            file.write(path, path.relative_to(folder))
    return target


def with_entry(target: Path, name: str | zipfile.ZipInfo, content: bytes = b"x") -> Path:
    with zipfile.ZipFile(target, "a", zipfile.ZIP_DEFLATED) as file:
        file.writestr(name, content)
    return target


@pytest.fixture
def good(tmp_path: Path, scratch: Path) -> Path:
    """A CT and a NIfTI in one archive."""
    folder = builder.write(builder.ct(), tmp_path / "study")
    save(folder / "nested" / "hbp.nii.gz")
    return zipped(folder, tmp_path / "study.zip")


def refused(path: Path, code: str) -> str:
    with pytest.raises(InputError) as caught:
        scan(path)
    assert caught.value.codes == (code,)
    return str(caught.value)


def test_a_zip_is_a_study(good: Path) -> None:
    study = scan(good)
    assert [(s.modality, s.role, s.faults) for s in study.series] == [("CT", "ct", ()), ("NIfTI", "hbp", ())]
    np.testing.assert_array_equal(read_image(study.series[0]).volume.array, builder.pattern() - 1000)
    image = read_image(study.series[1])
    np.testing.assert_array_equal(image.volume.array, VALUES)
    assert image.volume.grid.same_as(GRID)
    assert study.series[0].headers[0].where.startswith("study.zip/d")


def test_zips_inside_a_folder_join_its_files(good: Path, tmp_path: Path) -> None:
    """One series whose slices lie half in a zip, half beside it."""
    folder = tmp_path / "in"
    builder.write(builder.ct(), folder)
    half = tmp_path / "half"
    for file in sorted(folder.rglob("f*"))[:3]:
        half.mkdir(exist_ok=True)
        shutil.move(file, half / file.name)
    zipped(half, folder / "rest.ZIP", method=zipfile.ZIP_STORED)
    (folder / "table.xlsx").write_bytes(good.read_bytes())
    study = scan(folder)
    (series,) = study.series
    assert (series.instances, series.faults) == (7, ())
    np.testing.assert_array_equal(read_image(series).volume.array, builder.pattern() - 1000)
    assert [(s.reason, s.files) for s in study.skipped] == [("not DICOM", ("table.xlsx",))]


def test_what_was_unpacked_lives_as_long_as_a_series(good: Path, scratch: Path) -> None:
    ct, raster = scan(good).series
    gc.collect()
    assert len(list(scratch.iterdir())) == 1
    assert stat.S_IMODE(next(scratch.iterdir()).stat().st_mode) == 0o700
    read_image(ct)
    del ct
    read_image(raster)
    del raster
    gc.collect()
    assert list(scratch.iterdir()) == []


def test_another_process_does_not_remove_it(good: Path, scratch: Path) -> None:
    (series, _) = scan(good).series
    child = os.fork()
    if child == 0:
        assert series.workspace is not None
        series.workspace.remove()
        os._exit(0)
    os.waitpid(child, 0)
    assert read_image(series).volume.grid.same_as(builder.GRID)


def test_nothing_is_left_of_a_refused_archive(good: Path, scratch: Path) -> None:
    refused(with_entry(good, "../out"), "ZIP_UNSAFE_PATH")
    gc.collect()
    assert list(scratch.iterdir()) == []
    assert not (scratch.parent / "out").exists()


def test_a_zip_inside_a_zip_is_counted(good: Path, tmp_path: Path) -> None:
    with_entry(good, "deep/more.zip", zipped(tmp_path / "study", tmp_path / "m.zip").read_bytes())
    study = scan(good)
    assert len(study.series) == 2
    (entry,) = study.skipped
    assert (entry.reason, entry.files) == (archive.NESTED, ("study.zip/deep/more.zip",))


@pytest.mark.parametrize(
    "name",
    [
        "../evil",
        "a/../../evil",
        "/etc/evil",
        "C:\\evil",
        "..\\evil",
        "\\\\host\\share\\evil",
        "a/..",
        "c:evil",
    ],
)
def test_names_that_lead_out(name: str, good: Path) -> None:
    said = refused(with_entry(good, zipfile.ZipInfo(name)), "ZIP_UNSAFE_PATH")
    assert "evil" not in said
    assert "in study.zip" in said


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFIFO, stat.S_IFCHR, stat.S_IFSOCK])
def test_entries_that_are_no_plain_files(kind: int, good: Path) -> None:
    entry = zipfile.ZipInfo("link")
    entry.create_system, entry.external_attr = 3, (kind | 0o777) << 16
    refused(with_entry(good, entry, b"/etc/passwd"), "ZIP_UNSAFE_PATH")


def patched(path: Path, signature: bytes, offset: int, value: bytes, *, last: bool = False) -> Path:
    """Bytes after a record's signature overwritten."""
    content = bytearray(path.read_bytes())
    at = content.rfind(signature) if last else content.find(signature)
    content[at + offset : at + offset + len(value)] = value
    path.write_bytes(content)
    return path


ENTRY, LOCAL, END = b"PK\x01\x02", b"PK\x03\x04", b"PK\x05\x06"


def test_encrypted_entries(good: Path) -> None:
    said = refused(patched(good, ENTRY, 8, b"\x01\x00"), "ZIP_ENCRYPTED")
    assert "1 of 8" in said


def test_other_compression_is_not_tried(good: Path) -> None:
    """LZMA may ask for 4 GiB of memory."""
    refused(patched(good, ENTRY, 10, b"\x0e\x00"), "ZIP_METHOD")


def test_all_faults_at_once(good: Path) -> None:
    patched(with_entry(good, "../x"), ENTRY, 8, b"\x01\x00")
    with pytest.raises(InputError) as caught:
        scan(good)
    assert set(caught.value.codes) == {"ZIP_UNSAFE_PATH", "ZIP_ENCRYPTED"}


DAMAGED: dict[str, Callable[[Path], object]] = {
    "cut": lambda p: p.write_bytes(p.read_bytes()[: p.stat().st_size // 2]),
    "no directory": lambda p: p.write_bytes(p.read_bytes()[: p.read_bytes().find(ENTRY)]),
    "checksum": lambda p: patched(p, ENTRY, 16, b"\x00\x00\x00\x00"),
    "a shorter size": lambda p: patched(p, ENTRY, 24, struct.pack("<I", 10)),
    "a longer size": lambda p: patched(p, ENTRY, 24, struct.pack("<I", 9000)),
    "no stream where one should be": lambda p: patched(p, ENTRY, 42, struct.pack("<I", 7)),
    "text": lambda p: p.write_text("hello"),
    "empty": lambda p: p.write_bytes(b""),
}


@pytest.mark.parametrize("what", DAMAGED)
def test_damaged_archives(what: str, good: Path) -> None:
    shutil.copy(good, good.with_name("whole.zip"))
    DAMAGED[what](good)
    refused(good, "ZIP_DAMAGED")


def test_changed_bytes_of_a_stream(tmp_path: Path, scratch: Path) -> None:
    folder = builder.write(builder.ct(), tmp_path / "study")
    path = zipped(folder, tmp_path / "a.zip", method=zipfile.ZIP_STORED)
    patched(path, LOCAL, 700, b"\x55\xaa\x55")
    refused(path, "ZIP_DAMAGED")


def test_a_damaged_zip_beside_a_good_series_stops_the_study_but_not_its_list(
    good: Path, tmp_path: Path
) -> None:
    folder = builder.write(builder.ct(), tmp_path / "in")
    shutil.copy(patched(good, ENTRY, 8, b"\x01\x00"), folder / "locked.zip")
    study = scan(folder)
    assert len(study.series) == 1
    assert [(f.code, f.where) for f in study.faults] == [("ZIP_ENCRYPTED", "locked.zip")]
    with pytest.raises(InputError, match="ZIP_ENCRYPTED"):
        study.choose("ct")


def test_names_never_become_paths(tmp_path: Path, scratch: Path) -> None:
    """Twice the same name, names too long for a disk, names that only differ in case."""
    path = zipped(builder.write(builder.ct(), tmp_path / "study"), tmp_path / "a.zip")
    save(tmp_path / "n.nii.gz")
    content = (tmp_path / "n.nii.gz").read_bytes()
    with pytest.warns(UserWarning, match="Duplicate name"):
        with_entry(path, "d0/deep/f0", b"not an image")
    for name in ("hbp.nii.gz", "HBP.nii.gz", "x" * 3000 + ".nii.gz", "a\x1b[2J\n.nii.gz"):
        with_entry(path, name, content)
    study = scan(path)
    assert [s.modality for s in study.series] == ["CT"] + ["NIfTI"] * 4
    assert all(s.faults == () for s in study.series)
    assert all(s.file.name.isprintable() for s in study.series if s.file)


def test_a_mask_is_not_looked_for_in_a_zip(good: Path) -> None:
    with pytest.raises(InputError, match="MASK_IN_ZIP") as caught:
        read_mask(str(good))
    assert "Unpack it" in str(caught.value)
