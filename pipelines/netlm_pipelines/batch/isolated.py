"""One study in a child process of its own: a crash, a hang or a hunger for memory stays there."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from netlm_imaging.errors import Fault
from netlm_imaging.export.files import write_file, writing
from netlm_pipelines.batch.child import OUTCOME, REQUEST, REQUESTS, memory_fault
from netlm_pipelines.request import Request

SHORTEST_WAIT_S, LONGEST_WAIT_S = 0.01, 0.2
"""Between two looks at the child; short at first, so that quick studies are not kept waiting."""
_THREADS = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "ITK_GLOBAL_DEFAULT_NUMBER_OF_THREADS",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How the process of a study ended."""

    faults: tuple[Fault, ...]
    """None: the flow has written its result."""
    peak_bytes: int
    """Of its processes together."""


def run_isolated(
    request: Request, flow: str, *, work: Path, timeout_s: float, memory_bytes: int, threads: int
) -> Ended:
    """Run the flow in a process group of its own, in the folder ``work``; end all of it at a limit.

    Its words go nowhere: they may hold what identifies the patient. Raises UsageError (DISK_FULL, ...).
    """
    temporary = work / "tmp"
    with writing("the work folder"):
        temporary.mkdir()
        write_file(work / REQUEST, REQUESTS.dump_json(request))
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "netlm_pipelines.batch.child", flow, str(memory_bytes)],
        cwd=work,
        env={**os.environ, **_paths(temporary), **dict.fromkeys(_THREADS, str(threads))},
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        ended, peak = _watched(process, timeout_s=timeout_s, memory_bytes=memory_bytes)
    finally:
        _end(process)
    faults = (ended,) if ended is not None else _outcome(work, process.returncode)
    return Ended(faults=faults, peak_bytes=peak)


def _paths(temporary: Path) -> dict[str, str]:
    """The study's process has another folder: what is relative to this one's would point elsewhere."""
    paths = {"TMPDIR": str(temporary)}
    if found := os.environ.get("PYTHONPATH"):
        paths["PYTHONPATH"] = os.pathsep.join(map(os.path.abspath, found.split(os.pathsep)))
    return paths


def _watched(
    process: subprocess.Popen[bytes], *, timeout_s: float, memory_bytes: int
) -> tuple[Fault | None, int]:
    """Wait for the end, or for the limit that is broken first; with the most memory seen."""
    clock, wait, peak = time.monotonic(), SHORTEST_WAIT_S, 0
    while True:
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(wait)
            return None, peak
        peak = max(peak, _memory(process.pid))
        if peak > memory_bytes:
            return memory_fault(), peak
        if time.monotonic() - clock > timeout_s:
            return _late(timeout_s), peak
        wait = min(2 * wait, LONGEST_WAIT_S)


def _memory(pid: int) -> int:
    """Resident bytes of the process and all that it started."""
    import psutil

    total = 0
    with contextlib.suppress(psutil.Error):
        first = psutil.Process(pid)
        for process in (first, *first.children(recursive=True)):
            with contextlib.suppress(psutil.Error):
                total += process.memory_info().rss
    return total


def _end(process: subprocess.Popen[bytes]) -> None:
    """End whatever of the group is left."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    if process.stdin is not None:
        with contextlib.suppress(OSError):
            process.stdin.close()


def _outcome(work: Path, code: int) -> tuple[Fault, ...]:
    try:
        return tuple(Fault(**fault) for fault in json.loads((work / OUTCOME).read_bytes()))
    except (OSError, ValueError, TypeError):
        return (_crashed(code),)


def _crashed(code: int) -> Fault:
    try:
        found = f"a process ended by {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
    except ValueError:
        found = f"a process ended by signal {-code}"
    return Fault(
        code="STUDY_CRASHED",
        expected="a process that says what came of the study",
        found=found,
        remedy="Run the study alone by netlm run; SIGKILL may be the system, out of memory",
    )


def _late(timeout_s: float) -> Fault:
    return Fault(
        code="STUDY_TIMEOUT",
        expected=f"a study done within {timeout_s / 60:g} min",
        found="one that still ran",
        remedy="Give more time by --timeout-minutes",
    )
