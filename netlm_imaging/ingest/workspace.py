"""A temporary folder that lives as long as anything that was read from it, and never much longer.

It holds patients' images. Python removes it when it ends; what a killed process left is removed by the
next one. A live folder is locked by its owner, which holds across containers and process numbers.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import stat
import sys
import tempfile
import time
import weakref
from pathlib import Path

PREFIX = "netlm-zip-"
YOUNGEST_S = 60.0
"""Younger folders may not be locked yet."""


class Workspace:
    """A private folder (of TMPDIR), removed with the last reference to it or when Python ends.

    A series of a zip holds it, so that its files are there as long as the series is.
    """

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix=PREFIX))
        self._remove = weakref.finalize(self, _removed, self.folder, os.getpid(), _locked(self.folder))

    def remove(self) -> None:
        """Remove the folder now."""
        self._remove()


def remove_abandoned() -> None:
    """Remove this user's folders whose owner ended without doing so."""
    with contextlib.suppress(OSError), os.scandir(tempfile.gettempdir()) as entries:
        for entry in entries:
            if entry.name.startswith(PREFIX):
                with contextlib.suppress(OSError):
                    _remove_abandoned(Path(entry.path))


def _remove_abandoned(folder: Path) -> None:
    found = folder.lstat()
    mine = stat.S_ISDIR(found.st_mode) and hasattr(os, "getuid") and found.st_uid == os.getuid()
    if mine and time.time() - found.st_mtime > YOUNGEST_S and (lock := _locked(folder)) is not None:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(lock)


def _removed(folder: Path, owner: int, lock: int | None) -> None:
    # A forked child ends with a copy of this object: the folder is not its own.
    if os.getpid() == owner:
        shutil.rmtree(folder, ignore_errors=True)
        if lock is not None:
            os.close(lock)


def _locked(folder: Path) -> int | None:
    """An open file that locks the folder; None where another process has it or nothing can be locked."""
    if sys.platform == "win32":
        return None
    import fcntl

    lock = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(lock)
        return None
    return lock
