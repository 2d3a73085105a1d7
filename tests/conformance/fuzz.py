"""The fuzzer: mutants of one kind in a process of their own, watched from outside.

cd tests && python -m conformance.fuzz                      all kinds, 1,000 mutants
cd tests && python -m conformance.fuzz jpeg-ls 4711         one mutant again, with its traceback
cd tests && python -m conformance.fuzz jpeg-ls 0 5000       mutants 0 to 4,999 of a kind
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from conformance.fuzz_inputs import KINDS
from conformance.fuzz_worker import run_one

SECONDS = 10.0
"""No mutant may take longer."""
LARGEST_MIB = 1024.0
"""Resident memory of the reading process and of its decoders."""
START_SECONDS, SPARE_SECONDS = 60.0, 5.0
"""Longer waits: for the first answer, which comes after all imports, and for writing a mutant."""
WORKER = (sys.executable, "-m", "conformance.fuzz_worker")
TESTS = Path(__file__).parents[1]


@dataclass(slots=True)
class Outcome:
    """What came of the mutants of one kind."""

    kind: str
    answers: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)
    slowest_s: float = 0.0
    most_mib: float = 0.0

    @property
    def count(self) -> int:
        return self.answers.total()

    def fail(self, seed: int, why: str) -> None:
        self.answers["failed"] += 1
        self.failures.append(f"{why}: python -m conformance.fuzz {self.kind} {seed}")

    def add(self, said: dict[str, Any]) -> None:
        """One line of the worker."""
        seed, seconds = int(said["seed"]), float(said["seconds"])
        self.slowest_s = max(self.slowest_s, seconds)
        self.most_mib = max(self.most_mib, float(said["mib"]))
        if said["error"]:
            self.fail(seed, said["error"])
        elif seconds > SECONDS:
            self.fail(seed, f"{seconds:.1f} s")
        elif said["mib"] > LARGEST_MIB:
            self.fail(seed, f"{said['mib']:.0f} MiB")
        else:
            self.answers[said["answer"]] += 1

    def __str__(self) -> str:
        read = self.answers["read"]
        common = ", ".join(f"{code} {n}" for code, n in self.answers.most_common(5) if code != "read")
        return (
            f"{self.kind:17} {self.count:6} mutants, {read} read, slowest {self.slowest_s:.1f} s, "
            f"{self.most_mib:.0f} MiB; {common}"
        )


def fuzz(kind: str, first: int, last: int) -> Outcome:
    """Mutants ``first`` to ``last`` - 1; a worker that dies or hangs is replaced, for the mutants after."""
    outcome, start = Outcome(kind), first
    while start < last:
        start = _watched(kind, start, last, outcome)
    return outcome


def _watched(kind: str, first: int, last: int, outcome: Outcome) -> int:
    """Run one worker; returns the seed to go on with."""
    worker = subprocess.Popen(
        [*WORKER, kind, str(first), str(last)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd=TESTS,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(TESTS), *sys.path[1:]])},
        start_new_session=True,
    )
    assert worker.stdout is not None
    lines: queue.Queue[bytes] = queue.Queue()
    reader = threading.Thread(target=_forward, args=(worker.stdout, lines), daemon=True)
    reader.start()
    seed, patience = first, SECONDS + START_SECONDS
    try:
        while True:
            line = lines.get(timeout=patience)
            if not line:
                break
            outcome.add(json.loads(line))
            seed, patience = json.loads(line)["seed"] + 1, SECONDS + SPARE_SECONDS
        if seed < last and worker.wait() not in (0, -signal.SIGTERM):
            outcome.fail(seed, f"ended by {worker.returncode}")
            seed += 1
    except queue.Empty:
        outcome.fail(seed, f"no answer in {SECONDS:g} s")
        seed += 1
    finally:
        _end(worker)
        reader.join()
    return seed


def _forward(stream: IO[bytes], lines: queue.Queue[bytes]) -> None:
    with stream:
        for line in stream:
            lines.put(line)
    lines.put(b"")


def _end(worker: subprocess.Popen[bytes]) -> None:
    """The worker and its decoders."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(worker.pid, signal.SIGKILL)
    worker.wait()


def shares(total: int) -> dict[str, int]:
    """How many mutants of each kind."""
    whole = sum(kind.share for kind in KINDS.values())
    return {name: round(total * kind.share / whole) for name, kind in KINDS.items()}


def main(arguments: list[str]) -> int:
    if len(arguments) == 2:
        run_one(arguments[0], int(arguments[1]), show=sys.stdout)
        return 0
    if len(arguments) == 3:
        ranges = {arguments[0]: (int(arguments[1]), int(arguments[2]))}
    else:
        ranges = {kind: (0, count) for kind, count in shares(1000).items()}
    failed = 0
    for kind, (first, last) in ranges.items():
        start = time.perf_counter()
        outcome = fuzz(kind, first, last)
        seconds = time.perf_counter() - start
        sys.stdout.write(f"{outcome} ({seconds:.0f} s)\n" + "".join(f"  {f}\n" for f in outcome.failures))
        sys.stdout.flush()
        failed += len(outcome.failures)
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
