"""The files under a path: every regular file once, sorted, never out of the input through a link."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from netlm_imaging.errors import Fault, InputError


def input_files(path: Path) -> list[tuple[Path, str]]:
    """(file, its path inside the input) for a folder of any nesting, or for a single file.

    Links that lead out of the input are left out. Raises InputError (NOT_FOUND, NO_PERMISSION).
    """
    if not path.exists():
        raise InputError(
            Fault(
                code="NOT_FOUND",
                expected="a study: a folder or file",
                found="nothing at this path",
                remedy="Check the path",
            )
        )
    if path.is_file():
        return [(path, path.name)]
    if not os.access(path, os.R_OK | os.X_OK):
        raise InputError(
            Fault(
                code="NO_PERMISSION", expected="a folder that may be read", found="no permission to read it"
            )
        )
    root = path.resolve()
    found = [(file, file.relative_to(path).as_posix()) for file in _walk(path) if _inside(file, root)]
    return sorted(found, key=lambda pair: pair[1])


def _walk(folder: Path) -> Iterator[Path]:
    for parent, folders, names in os.walk(folder, followlinks=False):
        folders.sort()
        yield from (Path(parent) / name for name in names)


def _inside(file: Path, root: Path) -> bool:
    if not file.is_symlink():
        return file.is_file()
    target = file.resolve()
    return target.is_file() and target.is_relative_to(root)
