"""Ends or starves a process at its n-th step to the disk. Python imports this file when it starts.

``NETLM_TEST_FAULT=kill:N:FILE`` or ``full:N:FILE``, for the child processes of studies. FILE counts the
steps of all processes. ``kill`` strikes once: at step N / 2, before it (N even) or after it (N odd);
``full`` makes steps N to N+4 fail for want of space. ``count`` only counts.
"""

from __future__ import annotations

import builtins
import errno
import io
import os
import signal
import sys

STARVED = 5
"""Steps in a row that find the disk full."""


def install(kind: str, number: int, counter: str) -> None:
    def step() -> int:
        with io.FileIO(counter, "ab") as file:
            file.write(b".")
            return file.tell()

    def wrapped(call):
        def stepping(*args, **kwargs):
            now = step()
            if kind == "full" and number <= now < number + STARVED:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            strikes = kind == "kill" and now == number // 2
            if strikes and number % 2 == 0:
                os.kill(os.getpid(), signal.SIGKILL)
            result = call(*args, **kwargs)
            if strikes:
                os.kill(os.getpid(), signal.SIGKILL)
            return result

        return stepping

    real_open = io.open

    def opening(file, mode="r", *args, **kwargs):
        return (wrapped(real_open) if set(mode) & set("wxa") else real_open)(file, mode, *args, **kwargs)

    for name in ("fsync", "rename", "replace", "unlink", "mkdir"):
        setattr(os, name, wrapped(getattr(os, name)))
    io.open = builtins.open = opening


told = os.environ.get("NETLM_TEST_FAULT")
if told and "netlm_pipelines.batch.child" in sys.orig_argv:
    what, at, where = told.split(":", 2)
    install(what, int(at), where)
