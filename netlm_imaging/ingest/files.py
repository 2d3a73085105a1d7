"""The files under a path: every regular file once, sorted; no link is followed, no device opened."""

from __future__ import annotations

import os
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

from netlm_imaging.errors import Fault, InputError, printable

LINK = "link, not followed"
SPECIAL = "pipe, socket or device"
CLOSED = "folder that cannot be read"


@dataclass(slots=True)
class InputFiles:
    """What lies under a path."""

    files: list[tuple[Path, str]] = field(default_factory=list)
    """(file, its path inside the input, fit to be shown)."""
    left_out: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    """Paths inside the input, by reason."""


def input_files(path: Path) -> InputFiles:
    """The files of a folder of any nesting, or a single file.

    A link inside is not followed: what it points to is either in the input by itself, or not part of
    it. Raises InputError (NOT_FOUND, NO_PERMISSION).
    """
    try:
        path.stat()
        if path.is_file():
            return InputFiles(files=[(path, printable(path.name))])
        if path.is_dir():
            with os.scandir(path):
                return _walked(path)
        found = "a pipe, socket or device"
    except PermissionError:
        raise InputError(_no_permission()) from None
    except (OSError, ValueError):
        found = "nothing at this path"
    raise InputError(
        Fault(
            code="NOT_FOUND",
            expected="a study: a folder or file",
            found=found,
            remedy="Check the path",
        )
    )


def _no_permission() -> Fault:
    expected, found = "a folder that may be read", "no permission to read it"
    return Fault(code="NO_PERMISSION", expected=expected, found=found)


def _walked(root: Path) -> InputFiles:
    """Folder by folder and not by recursion: a tree may be thousands of levels deep."""
    result = InputFiles()
    waiting = [root]
    while waiting:
        folder = waiting.pop()
        try:
            with os.scandir(folder) as entries:
                for entry in entries:
                    _sort(entry, root, result, waiting)
        except OSError:
            result.left_out[CLOSED].append(_shown(folder, root))
    result.files.sort(key=lambda pair: pair[1])
    return result


def _sort(entry: os.DirEntry[str], root: Path, result: InputFiles, waiting: list[Path]) -> None:
    path = Path(entry.path)
    if entry.is_symlink():
        result.left_out[LINK].append(_shown(path, root))
    elif entry.is_dir(follow_symlinks=False):
        waiting.append(path)
    elif entry.is_file(follow_symlinks=False):
        result.files.append((path, _shown(path, root)))
    else:
        result.left_out[SPECIAL].append(_shown(path, root))


def _shown(path: Path, root: Path) -> str:
    return printable(path.relative_to(root).as_posix())
