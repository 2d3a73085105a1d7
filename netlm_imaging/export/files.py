"""Files that appear whole or not at all, and disk faults said in words."""

from __future__ import annotations

import errno
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from netlm_imaging.errors import Fault, UsageError

_CODES = {
    errno.ENOSPC: ("DISK_FULL", "enough free space", "Free some space or choose another disk"),
    errno.EDQUOT: ("DISK_FULL", "enough disk quota", "Free some space or choose another disk"),
    errno.EROFS: ("NO_PERMISSION", "a writable disk", "Choose another place"),
    errno.EACCES: ("NO_PERMISSION", "permission to write", "Choose another place"),
    errno.EPERM: ("NO_PERMISSION", "permission to write", "Choose another place"),
}


@contextmanager
def writing(name: str) -> Iterator[None]:
    """Turns an OSError of the block into a UsageError: DISK_FULL, NO_PERMISSION or WRITE_FAILED."""
    try:
        yield
    except OSError as error:
        code, expected, remedy = _CODES.get(
            error.errno or 0, ("WRITE_FAILED", "a place that can be written to", "Choose another place")
        )
        fault = Fault(
            code=code,
            expected=expected,
            found=error.strerror or type(error).__name__,
            where=name,
            remedy=remedy,
        )
        raise UsageError(fault) from error


def write_file(path: Path, content: bytes) -> None:
    """``content`` in ``path``, through a hidden file beside it: readers see the old bytes or all new ones.

    Raises UsageError (DISK_FULL, NO_PERMISSION, WRITE_FAILED); nothing half-written is left.
    """
    hidden = hidden_sibling(path)
    with writing(path.name):
        try:
            with hidden.open("xb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            hidden.replace(path)
        except BaseException:
            hidden.unlink(missing_ok=True)
            raise


def hidden_sibling(path: Path) -> Path:
    """An unused hidden name in the same folder, so on the same disk: a rename onto ``path`` is atomic."""
    return path.with_name(f".netlm-{secrets.token_hex(6)}.part")


def sync_folder(folder: Path) -> None:
    """Makes the names in ``folder`` durable, where the system can."""
    if os.name == "nt":  # Windows cannot open a folder; its renames are journaled
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
