"""Rows 34, 35 and 52: odd trees of files, odd names, files that change under the reader's hands."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from ingest import builder
from ingest.test_raster_series import save

from netlm_imaging.errors import Fault, InputError, Notice, printable
from netlm_imaging.ingest import files, read_image, read_mask, scan
from netlm_imaging.ingest.files import input_files
from netlm_imaging.ingest.study import Study


def skipped(study: Study) -> dict[str, int]:
    return {entry.reason: entry.count for entry in study.skipped}


def test_no_link_is_followed(tmp_path: Path) -> None:
    """Out of the input, back into it, in a circle, to nothing: files and folders."""
    inside, outside = tmp_path / "in", tmp_path / "out"
    builder.write(builder.ct(), inside)
    builder.write(builder.mr(), outside)
    links = {
        "folder out": outside,
        "file out": outside / "d0" / "deep" / "f0",
        "folder in": inside / "d0",
        "file in": inside / "d0" / "deep" / "f0",
        "circle": inside,
        "parent": Path(".."),
        "self": inside / "self",
        "nothing": tmp_path / "nothing",
        "device": Path("/dev/zero"),
    }
    for name, target in links.items():
        (inside / name).symlink_to(target)
    study = scan(inside)
    assert [(s.modality, s.instances) for s in study.series] == [("CT", 7)]
    assert skipped(study) == {files.LINK: len(links)}
    assert study.series[0].notices == ()


def test_a_study_that_is_named_by_a_link_is_read(tmp_path: Path) -> None:
    builder.write(builder.ct(), tmp_path / "study")
    (tmp_path / "link").symlink_to(tmp_path / "study")
    assert len(scan(tmp_path / "link").series) == 1


def test_nothing_but_links_says_so(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a").symlink_to(tmp_path)
    with pytest.raises(InputError, match="1 link, not followed"):
        scan(tmp_path / "in")


def pipe_and_socket(folder: Path) -> socket.socket:
    os.mkfifo(folder / "pipe")
    os.mkfifo(folder / "hbp.nii.gz")
    os.mkfifo(folder / "more.zip")
    server = socket.socket(socket.AF_UNIX)
    previous = Path.cwd()
    os.chdir(folder)  # the name of a socket may only be short
    try:
        server.bind("socket")
    finally:
        os.chdir(previous)
    return server


def test_pipes_and_sockets_are_never_opened(tmp_path: Path) -> None:
    """Opening a pipe that nobody writes to would wait for ever."""
    builder.write(builder.ct(), tmp_path)
    with pipe_and_socket(tmp_path):
        study = scan(tmp_path)
    assert skipped(study) == {files.SPECIAL: 4}
    assert len(study.series) == 1


@pytest.mark.parametrize("name", ["pipe.nii.gz", "pipe.nrrd", "pipe.dcm", "pipe.zip"])
def test_a_pipe_is_no_study_and_no_mask(name: str, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / name)
    readers: tuple[Callable[[], object], ...] = (
        lambda: scan(tmp_path / name),
        lambda: read_mask(str(tmp_path / name)),
    )
    for read in readers:
        with pytest.raises(InputError, match="a pipe, socket or device") as caught:
            read()
        assert caught.value.code == "NOT_FOUND"


def test_folders_that_cannot_be_read_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """For root too: listing one folder fails."""
    builder.write(builder.ct(), tmp_path)
    (tmp_path / "closed").mkdir()
    scandir = os.scandir

    def guarded(path: os.PathLike[str]) -> object:
        if Path(path).name == "closed":
            raise PermissionError(13, "Permission denied")
        return scandir(path)

    monkeypatch.setattr(files.os, "scandir", guarded)
    study = scan(tmp_path)
    assert skipped(study) == {files.CLOSED: 1}
    assert [n.message for n in study.notices] == ["1 files skipped: folder that cannot be read"]


@contextmanager
def deep(folder: Path, levels: int) -> Iterator[None]:
    """A path longer than the system takes in one piece, made and removed level by level."""
    previous = Path.cwd()
    os.chdir(folder)
    for _ in range(levels):
        os.mkdir("d")
        os.chdir("d")
    os.chdir(previous)
    try:
        yield
    finally:
        os.chdir(folder)
        for _ in range(levels):
            os.chdir("d")
        for _ in range(levels):
            os.chdir("..")
            os.rmdir("d")
        os.chdir(previous)


def test_a_tree_thousands_of_levels_deep(tmp_path: Path) -> None:
    builder.write(builder.ct(), tmp_path / "a")
    (tmp_path / "b").mkdir()
    with deep(tmp_path / "b", 2100):
        study = scan(tmp_path)
    assert len(study.series) == 1
    assert skipped(study) == {files.CLOSED: 1}


ODD = [
    "a b",
    "Größe 肝臓",
    "new\nline",
    "tab\t",
    "\x1b[31mred",
    "$(touch x)",
    "=cmd|'!A0",
    "-rf",
    "\u202efdp",
]


@pytest.mark.parametrize("name", ODD)
def test_odd_names(name: str, tmp_path: Path) -> None:
    folder = builder.write(builder.ct(), tmp_path / name)
    (folder / f"{name}.txt").write_text("hello")
    study = scan(folder)
    np.testing.assert_array_equal(read_image(study.series[0]).volume.array, builder.pattern() - 1000)
    shown = study.skipped[0].files[0]
    assert shown == printable(f"{name}.txt")
    assert shown.isprintable()


def test_names_that_are_no_text(tmp_path: Path) -> None:
    """Bytes that are not UTF-8, as archives of other systems leave them."""
    folder = builder.write(builder.ct(), tmp_path)
    os.rename(folder / "d0", os.fsencode(folder) + b"/\xff\xfe")
    save(tmp_path / "n.nii.gz")
    os.rename(tmp_path / "n.nii.gz", os.fsencode(folder) + b"/hbp \xe4.nii.gz")
    (tmp_path / "d1" / "deep" / "f1").write_bytes(b"")
    study = scan(folder)
    assert [s.modality for s in study.series] == ["CT", "NIfTI"]
    assert read_image(study.series[1]).volume.array.size
    for text in (*(f for s in study.skipped for f in s.files), *(h.where for h in study.series[0].headers)):
        text.encode()


def test_a_name_that_differs_in_bytes_only_is_another_file(tmp_path: Path) -> None:
    (tmp_path / "a\\n").write_text("")
    (tmp_path / "a\n").write_text("")
    assert len(input_files(tmp_path).files) == 2


@given(st.text(st.characters(codec=None), max_size=30))
def test_messages_are_one_line_of_text(text: str) -> None:
    fault = Fault(code="X", expected=text, found=text, where=text, remedy=text)
    notice = Notice(code="X", message=text, where=text)
    for said in (str(fault), notice.message, notice.where):
        said.encode()
        assert not set(said) & set(map(chr, (*range(32), *range(127, 160), 0x2028, 0x2029, 0x202E, 0x2066)))


def gone(file: Path) -> None:
    file.unlink()


def replaced_by_a_folder(file: Path) -> None:
    file.unlink()
    file.mkdir()


def longer(file: Path) -> None:
    with file.open("ab") as stream:
        stream.write(b"more")


def other_pixels(file: Path) -> None:
    """The same length, another content."""
    content = bytearray(file.read_bytes())
    content[-4:] = b"\x55\xaa\x55\xaa"
    stamp = file.stat()
    file.write_bytes(content)
    os.utime(file, ns=(stamp.st_atime_ns, stamp.st_mtime_ns + 1000))


@pytest.mark.parametrize("change", [gone, replaced_by_a_folder, longer, other_pixels])
@pytest.mark.parametrize("modality", ["CT", "PT"])
def test_files_that_change_after_the_scan(
    modality: str, change: Callable[[Path], None], tmp_path: Path
) -> None:
    builder.write(builder.ct() if modality == "CT" else builder.pet(), tmp_path)
    (series,) = scan(tmp_path).series
    change(tmp_path / "d1" / "deep" / "f3")
    with pytest.raises(InputError) as caught:
        read_image(series)
    assert caught.value.codes == ("FILE_CHANGED",)
    assert "d1/deep/f3" in str(caught.value)


def test_raster_files_that_change_after_the_scan(tmp_path: Path) -> None:
    path = save(tmp_path / "hbp.nii.gz")
    (series,) = scan(tmp_path).series
    os.replace(save(tmp_path / "other" / "t2.nii.gz", shift_mm=5.0), path)
    with pytest.raises(InputError, match="FILE_CHANGED in series 1"):
        read_image(series)
    path.unlink()
    with pytest.raises(InputError, match="no such file"):
        read_image(series)


def test_files_that_vanish_during_the_scan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    builder.write(builder.ct(), tmp_path)
    listed = input_files(tmp_path)
    listed.files.append((tmp_path / "gone", "gone"))
    listed.files.append((tmp_path / "gone.nii.gz", "gone.nii.gz"))
    monkeypatch.setattr(sys.modules["netlm_imaging.ingest.scan"], "input_files", lambda _: listed)
    study = scan(tmp_path)
    assert skipped(study) == {"unreadable": 1}
    assert [f.code for f in study.series[1].faults] == ["UNREADABLE"]
