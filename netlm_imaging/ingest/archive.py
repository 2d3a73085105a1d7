"""Zip archives as input, unpacked within limits.

Nothing that an archive says of itself is trusted: names never become paths, sizes are counted while
inflating, and an archive with anything odd in it is refused as a whole.
"""

from __future__ import annotations

import errno
import re
import shutil
import stat
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from netlm_imaging.errors import Fault, InputError, printable
from netlm_imaging.ingest.files import InputFiles
from netlm_imaging.ingest.workspace import Workspace

LARGEST_TOTAL = 20 * 2**30
"""Bytes after inflating, of all archives of a study."""
LARGEST_RATIO = 200
"""Bytes after inflating per byte of the archive."""
MOST_FILES = 100_000
LARGEST_DIRECTORY = 64 * 2**20
"""Bytes of an archive's table of contents: 600 for each of the most files."""
RATIO_COUNTS_FROM = 2**20
"""Bytes after inflating: below, a high ratio does no harm."""
SPARE_SPACE = 64 * 2**20
NESTED = "zip inside a zip, not opened"
_CHUNK = 2**20
_END, _END_64, _ENTRY = b"PK\x05\x06", b"PK\x06\x06", b"PK\x01\x02"
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_ENCRYPTED = 0x0041
"""Bits 0 (encrypted) and 6 (strongly) of an entry's flags."""
_KIND = re.compile(r"\.(nii|nii\.gz|nrrd|nhdr)$", re.IGNORECASE)


def is_zip(file: Path) -> bool:
    """By its first bytes."""
    try:
        with file.open("rb") as stream:
            return stream.read(4) in (b"PK\x03\x04", _END)
    except OSError:
        return False


def unpack_archives(found: InputFiles, *, any_name: bool) -> tuple[Workspace | None, list[Fault]]:
    """Put the files of zip archives in place of them; also where they now lie, and what is wrong with them.

    In a folder only files that are named so are opened: other formats are zip archives inside.
    """
    zips = [pair for pair in found.files if any_name or pair[0].suffix.lower() == ".zip"]
    zips = [pair for pair in zips if is_zip(pair[0]) or (any_name and pair[0].suffix.lower() == ".zip")]
    if not zips:
        return None, []
    workspace = Workspace()
    unpacker = Unpacker(workspace.folder)
    faults: list[Fault] = []
    for file, where in zips:
        try:
            unpacker.unpack(file, where)
        except InputError as error:
            faults += error.faults
    kept = [pair for pair in found.files if pair not in zips]
    found.files = sorted([*kept, *unpacker.files], key=lambda pair: pair[1])
    if unpacker.nested:
        found.left_out[NESTED] += unpacker.nested
    return workspace, faults


@dataclass(slots=True)
class Unpacker:
    """Unpacks the archives of one study into ``folder`` and keeps count of what they hold together."""

    folder: Path
    files: list[tuple[Path, str]] = field(default_factory=list)
    """(file, its path inside the input)."""
    nested: list[str] = field(default_factory=list)
    """Archives inside archives: they are not opened."""
    total: int = 0
    """Bytes so far."""

    def unpack(self, file: Path, where: str) -> None:
        """The files of one archive.

        Raises InputError: ZIP_TOO_LARGE, ZIP_RATIO, ZIP_TOO_MANY_FILES, ZIP_UNSAFE_PATH, ZIP_ENCRYPTED,
        ZIP_METHOD, ZIP_DAMAGED, DISK_FULL; nothing of the archive is kept then.
        """
        place = self.folder / str(len(list(self.folder.iterdir())))
        kept = len(self.files), len(self.nested), self.total
        try:
            place.mkdir()
            self._unpacked(file, place, where)
        except Exception as error:
            shutil.rmtree(place, ignore_errors=True)
            del self.files[kept[0] :], self.nested[kept[1] :]
            self.total = kept[2]
            if isinstance(error, InputError):
                raise
            raise InputError(_failure(error, where)) from None

    def _unpacked(self, file: Path, place: Path, where: str) -> None:
        size, before = file.stat().st_size, self.total
        with file.open("rb") as stream:
            _check_directory(stream, where)
            with zipfile.ZipFile(stream) as archive:
                entries = archive.infolist()
                faults = [*_entry_faults(entries), *self._size_faults(entries, size)]
                if faults:
                    raise InputError(*(_located(fault, where) for fault in faults))
                for number, entry in enumerate(e for e in entries if not e.is_dir()):
                    shown = printable(f"{where}/{entry.filename}")
                    if entry.filename.lower().endswith(".zip"):
                        self.nested.append(shown)
                        continue
                    target = _target(place, number, entry.filename)
                    with archive.open(entry) as source, target.open("xb") as sink:
                        self._inflate(source, sink, since=before, size=size, where=where)
                    if target.stat().st_size != entry.file_size:
                        raise zipfile.BadZipFile
                    self.files.append((target, shown))

    def _size_faults(self, entries: list[zipfile.ZipInfo], size: int) -> list[Fault]:
        """By the sizes that the archive declares, before anything is written."""
        declared = sum(entry.file_size for entry in entries)
        faults = []
        if self.total + declared > LARGEST_TOTAL:
            faults.append(_too_large(self.total + declared))
        if _too_dense(declared, size):
            faults.append(_ratio(declared, size))
        if len(self.files) + len(self.nested) + len(entries) > MOST_FILES:
            faults.append(_too_many(str(len(self.files) + len(entries))))
        if not faults and shutil.disk_usage(self.folder).free < declared + SPARE_SPACE:
            faults.append(_disk_full(declared))
        return faults

    def _inflate(self, source: IO[bytes], sink: IO[bytes], *, since: int, size: int, where: str) -> None:
        while chunk := source.read(_CHUNK):
            self.total += len(chunk)
            if self.total > LARGEST_TOTAL:
                raise InputError(_located(_too_large(self.total), where))
            if _too_dense(self.total - since, size):
                raise InputError(_located(_ratio(self.total - since, size), where))
            sink.write(chunk)


def _target(place: Path, number: int, name: str) -> Path:
    """Where an entry goes: by its number; raster images keep their name, which may tell their role."""
    if not _KIND.search(name):
        return place / str(number)
    folder = place / f"{number}-named"
    folder.mkdir()
    base = re.split(r"[/\\]", name)[-1]
    return folder / printable(base)[-120:]


def _check_directory(stream: IO[bytes], where: str) -> None:
    """The table of contents is read whole by zipfile: its size and its entries are counted before."""
    end = stream.seek(0, 2)
    start = stream.seek(max(0, end - 2**16 - 98))
    tail = stream.read()
    at = tail.rfind(_END)
    if at < 0:
        raise zipfile.BadZipFile
    size, last = int.from_bytes(tail[at + 12 : at + 16], "little"), start + at
    if (at_64 := tail.rfind(_END_64, 0, at)) >= 0:
        size, last = int.from_bytes(tail[at_64 + 40 : at_64 + 48], "little"), start + at_64
    if size > LARGEST_DIRECTORY:
        raise InputError(_located(_too_many("a table of contents for many more"), where))
    stream.seek(max(0, last - size))
    entries = stream.read(size).count(_ENTRY)
    stream.seek(0)
    if entries > MOST_FILES:
        raise InputError(_located(_too_many(str(entries)), where))


def _entry_faults(entries: list[zipfile.ZipInfo]) -> list[Fault]:
    """What is odd about entries, each kind once with its count."""
    checks: list[tuple[str, str, str, Callable[[zipfile.ZipInfo], bool]]] = [
        ("ZIP_UNSAFE_PATH", "files inside the archive's own folder", "that lead out of it", _unsafe),
        ("ZIP_ENCRYPTED", "files that can be read", "that need a password", _encrypted),
        ("ZIP_METHOD", "files stored or deflated", "compressed otherwise", _other_method),
    ]
    faults = []
    for code, expected, what, odd in checks:
        count = sum(map(odd, entries))
        if count:
            found = f"{count} of {len(entries)} {what}"
            faults.append(Fault(code=code, expected=expected, found=found, remedy=_BY_HAND))
    return faults


_BY_HAND = "Unpack it by hand, check what it holds, and give the folder"


def _unsafe(entry: zipfile.ZipInfo) -> bool:
    """Absolute, with a drive or ``..``, or no plain file or folder (a link, a pipe)."""
    name = entry.orig_filename.replace("\\", "/")
    kind = stat.S_IFMT(entry.external_attr >> 16)
    odd_kind = entry.create_system == 3 and kind not in (0, stat.S_IFREG, stat.S_IFDIR)
    leads_out = name.startswith("/") or ".." in name.split("/") or re.match(r"[A-Za-z]:", name)
    return odd_kind or bool(leads_out) or "\0" in name


def _encrypted(entry: zipfile.ZipInfo) -> bool:
    return bool(entry.flag_bits & _ENCRYPTED) or entry.compress_type == 99


def _other_method(entry: zipfile.ZipInfo) -> bool:
    return entry.compress_type not in (*_METHODS, 99)


def _too_dense(inflated: int, size: int) -> bool:
    return inflated > RATIO_COUNTS_FROM and inflated > LARGEST_RATIO * size


def _too_large(found: int) -> Fault:
    expected = f"at most {LARGEST_TOTAL / 2**30:g} GiB in all archives together"
    return Fault(code="ZIP_TOO_LARGE", expected=expected, found=f"{found / 2**30:.1f} GiB", remedy=_BY_HAND)


def _ratio(inflated: int, size: int) -> Fault:
    expected = f"at most {LARGEST_RATIO} bytes for each byte of the archive"
    found = f"{inflated / max(size, 1):.0f}"
    return Fault(code="ZIP_RATIO", expected=expected, found=found, remedy=_BY_HAND)


def _too_many(found: str) -> Fault:
    expected = f"at most {MOST_FILES} files in all archives together"
    return Fault(code="ZIP_TOO_MANY_FILES", expected=expected, found=found, remedy=_BY_HAND)


def _disk_full(needed: int) -> Fault:
    return Fault(
        code="DISK_FULL",
        expected=f"{needed / 2**20:.0f} MiB of free space to unpack an archive",
        found="less",
        remedy="Free some space, or set TMPDIR to a folder on another disk",
    )


def _failure(error: Exception, where: str) -> Fault:
    """zipfile raises many kinds for damaged archives."""
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return _located(_disk_full(0), where)
    return Fault(
        code="ZIP_DAMAGED",
        expected="a whole zip archive",
        found=f"a damaged one ({type(error).__name__})",
        where=where,
        remedy="Copy or export it again",
    )


def _located(fault: Fault, where: str) -> Fault:
    return Fault(
        code=fault.code, expected=fault.expected, found=fault.found, where=where, remedy=fault.remedy
    )
