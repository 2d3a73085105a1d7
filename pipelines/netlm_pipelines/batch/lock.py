"""One batch at a time writes to a folder. The lock is the system's: it ends with the process."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from netlm_imaging.errors import Fault, UsageError
from netlm_imaging.export.files import writing

LOCK_FILE = "batch.lock"


@contextmanager
def locked(out: Path) -> Iterator[None]:
    """Hold the folder ``out`` for the block; whoever is killed in it holds it no longer.

    Raises UsageError: BATCH_RUNNING (another process holds it), LOCK_UNAVAILABLE (the disk has no locks).
    """
    import fcntl

    with writing("--out"):
        lock = os.open(out / LOCK_FILE, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise _refused(error) from None
        yield
    finally:
        os.close(lock)


def _refused(error: OSError) -> UsageError:
    if error.errno in (errno.EWOULDBLOCK, errno.EACCES):
        return UsageError(
            Fault(
                code="BATCH_RUNNING",
                expected="a folder that no other batch writes to",
                found="one that another process holds",
                where="--out",
                remedy="Wait for the other batch, or give another --out",
            )
        )
    return UsageError(
        Fault(
            code="LOCK_UNAVAILABLE",
            expected="a disk with file locks",
            found=error.strerror or "none",
            where="--out",
            remedy="Mount it with locks (flock), or write to another disk",
        )
    )
