"""The process that reads mutants: one line of JSON after each."""

from __future__ import annotations

import gc
import json
import resource
import sys
import tempfile
import time
import traceback
import warnings
from pathlib import Path
from typing import Any, TextIO

from conformance.fuzz_inputs import KINDS, write_mutant

from netlm_imaging.errors import NetlmError

ADDRESS_SPACE = 6 * 2**30
"""Bytes: what asks for more fails here instead of stopping the machine."""


def main(kind: str, first: int, last: int) -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_SPACE, hard))
    warnings.simplefilter("ignore")
    with tempfile.TemporaryDirectory() as name:
        for seed in range(first, last):
            rng = write_mutant(kind, seed, Path(name) / "in")
            start = time.perf_counter()
            answer, error = _answer(kind, Path(name) / "in", rng)
            said = {"seed": seed, "answer": answer, "error": error, "seconds": time.perf_counter() - start}
            sys.stdout.write(json.dumps({**said, "mib": peak_mib()}) + "\n")
            sys.stdout.flush()
            if seed % 200 == 199:
                gc.collect()


def _answer(kind: str, folder: Path, rng: Any) -> tuple[str, str]:
    """The code of the refusal or "read"; what went wrong."""
    try:
        KINDS[kind].read(folder, rng)
    except NetlmError as error:
        leaked = [s for s in ("SECRET", "2.25.", str(folder)) if s in str(error)]
        return error.code, f"{leaked[0]} in a message" if leaked else ""
    except BaseException as error:  # whatever it is, it is what is looked for
        frame = traceback.extract_tb(error.__traceback__)[-1]
        return "", f"{type(error).__name__} in {Path(frame.filename).name}:{frame.lineno}"
    return "read", ""


def peak_mib() -> float:
    """The most resident memory so far, of this process or of one of its decoders."""
    try:
        children = Path("/proc/self/task").glob("*/children")
        pids = ["self", *(pid for file in children for pid in file.read_text().split())]
        peaks = [_peak_kib(Path("/proc") / pid / "status") for pid in pids]
    except OSError:
        peaks = [resource.getrusage(resource.RUSAGE_SELF).ru_maxrss]
    return max(peaks) / 1024


def _peak_kib(status: Path) -> int:
    try:
        lines = status.read_text().splitlines()
    except OSError:  # ended meanwhile
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("VmHWM")), 0)


def run_one(kind: str, seed: int, *, show: TextIO) -> None:
    """One mutant in this process; its traceback goes to ``show``."""
    with tempfile.TemporaryDirectory() as name, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        rng = write_mutant(kind, seed, Path(name) / "in")
        start = time.perf_counter()
        try:
            KINDS[kind].read(Path(name) / "in", rng)
            show.write("read\n")
        except NetlmError as error:
            show.write(f"{error}\n")
        except BaseException:
            show.write(traceback.format_exc())
        show.write(f"{time.perf_counter() - start:.2f} s, {peak_mib():.0f} MiB\n")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
