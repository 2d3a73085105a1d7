"""A temporary folder that lives as long as anything that was read from it."""

from __future__ import annotations

import os
import shutil
import tempfile
import weakref
from pathlib import Path


class Workspace:
    """A private folder (of TMPDIR), removed with the last reference to it or when Python ends.

    A series of a zip holds it, so that its files are there as long as the series is.
    """

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="netlm-zip-"))
        self._remove = weakref.finalize(self, _removed, self.folder, os.getpid())

    def remove(self) -> None:
        """Remove the folder now."""
        self._remove()


def _removed(folder: Path, owner: int) -> None:
    # A forked child ends with a copy of this object: the folder is not its own.
    if os.getpid() == owner:
        shutil.rmtree(folder, ignore_errors=True)
