"""A sealed folder: complete, durable, with a manifest of hashes that is written last.

A folder without its manifest, or with one byte that it does not tell, is no result.
"""

from __future__ import annotations

import errno
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from tempfile import mkdtemp
from typing import Any, Literal

from netlm_imaging.errors import InputError
from netlm_imaging.export.files import sync_folder, write_file, writing
from netlm_pipelines.batch.keys import Key, file_sha256

MANIFEST = "manifest.json"
SCHEMA = "netlm-result/1"
_WITH_A_CLOCK = "log.jsonl"
"""The only file whose bytes differ for the same input: it must be there, its hash is not kept."""
State = Literal["valid", "absent", "damaged", "other inputs", "other settings", "other software"]


def seal(folder: Path, *, study: str, key: Key) -> None:
    """Make every file durable, then write the manifest. Raises UsageError (DISK_FULL, ...)."""
    with writing(study):
        files = {name: _record(path) for name, path in sorted(_files(folder))}
        for path in sorted(folder.rglob("*")):
            if path.is_dir():
                sync_folder(path)
        content = {"schema": SCHEMA, "study": study, "key": key.whole, "parts": asdict(key), "files": files}
        write_file(folder / MANIFEST, (json.dumps(content, indent=1) + "\n").encode())
        sync_folder(folder)


def state_of(folder: Path, *, study: str, key: Key) -> State:
    """Whether ``folder`` holds the result of ``key``. Its files are hashed again, never trusted."""
    if not folder.is_dir():
        return "absent"
    try:
        told = json.loads((folder / MANIFEST).read_bytes())
        if told["schema"] != SCHEMA or told["study"] != study or set(told["parts"]) != set(asdict(key)):
            return "damaged"
        for part, value in asdict(key).items():
            if told["parts"][part] != value:
                return f"other {part}"  # type: ignore[return-value]
        there = dict(_files(folder))
        if told["key"] != key.whole or set(there) != set(told["files"]):
            return "damaged"
        intact = all(_matches(path, told["files"][name]) for name, path in there.items())
    except (OSError, ValueError, KeyError, TypeError, AttributeError, InputError):
        return "damaged"
    return "valid" if intact else "damaged"


def commit(sealed: Path, place: Path, *, trash: Path) -> None:
    """Give a sealed folder its place in one rename; what lay there goes to ``trash`` first.

    Several may do so at once, each with a whole result: the last one stays.
    """
    if not place.parent.is_dir():
        place.parent.mkdir(parents=True, exist_ok=True)
        sync_folder(place.parent.parent)
    for _ in range(10):
        try:
            sealed.rename(place)
            break
        except OSError as error:
            if error.errno not in (errno.ENOTEMPTY, errno.EEXIST, errno.ENOTDIR):
                raise
        try:
            place.rename(mkdtemp(dir=trash) + "/old")
        except FileNotFoundError:
            continue
    else:
        raise OSError(errno.EBUSY, "others write to the same place")
    sync_folder(place.parent)


@contextmanager
def work_folder(home: Path, name: str) -> Iterator[Path]:
    """A folder of one's own on the disk of the results, gone afterwards."""
    home.mkdir(parents=True, exist_ok=True)
    work = Path(mkdtemp(prefix=f"{name}-", dir=home))
    try:
        yield work
    finally:
        shutil.rmtree(work, ignore_errors=True)


def remove_abandoned(home: Path) -> None:
    """Remove what killed workers left. One that still works loses its folder at once, not file by file."""
    if not home.is_dir():
        return
    for path in home.iterdir():
        # Renamed first: a worker that just now moves its result into place has either done so or cannot.
        aside = path if path.name.startswith(".gone-") else path.with_name(f".gone-{path.name}")
        try:
            path.rename(aside)
        except FileNotFoundError:
            continue
        shutil.rmtree(aside, ignore_errors=True)


def _files(folder: Path) -> Iterator[tuple[str, Path]]:
    for path in folder.rglob("*"):
        name = path.relative_to(folder).as_posix()
        if name != MANIFEST and (path.is_symlink() or not path.is_dir()):
            yield name, path


def _record(path: Path) -> dict[str, Any]:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    if path.name == _WITH_A_CLOCK:
        return {}
    return {"bytes": path.stat().st_size, "sha256": file_sha256(path)}


def _matches(path: Path, told: dict[str, Any]) -> bool:
    if path.is_symlink() or not path.is_file():
        return False
    if path.name == _WITH_A_CLOCK and not told:
        return True
    return bool(path.stat().st_size == told["bytes"] and file_sha256(path) == told["sha256"])
