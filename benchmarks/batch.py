"""The machinery of a batch, without the medicine: overhead a study, throughput, thousands of valid rows.

``python -m benchmarks.batch [rows|overhead|throughput] ...``
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.busy_flow import SECONDS, write
from netlm_pipelines.batch.child import REQUEST, REQUESTS
from netlm_pipelines.batch.journal import read_journal
from netlm_pipelines.batch.keys import key_of
from netlm_pipelines.batch.manifest import read_studies
from netlm_pipelines.batch.order import Order, request_of
from netlm_pipelines.batch.sealed import seal
from netlm_pipelines.request import Request

ROWS = 10_000
FLOW = "benchmarks.busy_flow:busy"


def studies(root: Path, count: int) -> Path:
    """A manifest of studies of three small files each."""
    for number in range(count):
        folder = root / f"{number // 1000}" / f"{number}"
        folder.mkdir(parents=True)
        for k in range(3):
            (folder / f"{k}").write_bytes(f"{number} {k}".encode() * 50)
    rows = "".join(f"s{number:05d},{number // 1000}/{number}\n" for number in range(count))
    (root / "manifest.csv").write_text("study,path\n" + rows)
    return root / "manifest.csv"


def netlm_batch(manifest: Path, out: Path, *, workers: int, seconds: float = 0.0) -> float:
    """Wall seconds of one call of the command."""
    clock = time.perf_counter()
    command = [sys.executable, "-m", "netlm_pipelines", "batch", str(manifest), "--out", str(out)]
    command += ["--workers", str(workers), "--flow", FLOW, "--min-free-gb", "0"]
    subprocess.run(command, check=True, env={**os.environ, SECONDS: str(seconds)}, stderr=subprocess.DEVNULL)
    return time.perf_counter() - clock


def rows(at: Path) -> None:
    """Valid rows: first with inputs that nobody has read yet, then with known ones."""
    manifest, order = studies(at / "root", ROWS), Order(out=at / "out", flow=FLOW)
    for study in read_studies(manifest):
        case = write(order.cases / study.name)
        seal(case, study=study.name, key=key_of(study, request_of(study, order, case), order))
    (order.out / "batch.lock").touch()
    first = netlm_batch(manifest, order.out, workers=2)
    second = netlm_batch(manifest, order.out, workers=2)
    say(f"{ROWS} valid rows: {first:.1f} s with their inputs read by the workers, {second:.1f} s afterwards")


def overhead(at: Path) -> None:
    """What a batch costs a study beside the process that the study has to have anyway."""
    manifest = studies(at / "root", 30)
    bare = bare_child(at / "bare")
    netlm_batch(manifest, at / "out", workers=1)
    whole = between(at / "out") / 30
    bare = (bare + bare_child(at / "bare again")) / 2
    say(
        f"30 empty studies, 1 worker: {whole:.3f} s each, of which their own process takes {bare:.3f} s; "
        f"overhead {whole - bare:.3f} s"
    )


def bare_child(at: Path, *, times: int = 15) -> float:
    """Mean seconds of the process of one empty study, without a batch."""
    took = 0.0
    for number in range(times):
        work = at / str(number)
        work.mkdir(parents=True)
        (work / REQUEST).write_bytes(REQUESTS.dump_json(Request(out=work / "result")))
        clock = time.perf_counter()
        command = [sys.executable, "-P", "-m", "netlm_pipelines.batch.child", FLOW, str(2**32)]
        with subprocess.Popen(
            command, cwd=work, env={**os.environ, SECONDS: "0"}, stdin=subprocess.PIPE, start_new_session=True
        ) as process:
            process.wait()
        took += time.perf_counter() - clock
    return took / times


def throughput(at: Path) -> None:
    """Two workers against one."""
    manifest = studies(at / "root", 16)
    took = {}
    for workers in (1, 2, 1, 2):
        out = at / f"out-{workers}-{len(list(at.iterdir()))}"
        netlm_batch(manifest, out, workers=workers, seconds=1.5)
        took.setdefault(workers, []).append(between(out))
    one, two = min(took[1]), min(took[2])
    say(f"16 studies of 1.5 s: 1 worker {one:.1f} s, 2 workers {two:.1f} s, {one / two:.2f} x")


def between(out: Path) -> float:
    """Seconds from the first hand-out to the last outcome."""
    from datetime import datetime

    times = {e["event"]: datetime.fromisoformat(e["time"]) for e in read_journal(out / "journal.jsonl")}
    return (times["study"] - times["batch"]).total_seconds()


def say(text: str) -> None:
    print(text, f"(load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores)", flush=True)


if __name__ == "__main__":
    for name in sys.argv[1:] or ("overhead", "throughput", "rows"):
        with tempfile.TemporaryDirectory(prefix="netlm-bench-") as folder:
            {"rows": rows, "overhead": overhead, "throughput": throughput}[name](Path(folder))
