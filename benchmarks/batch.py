"""The machinery of a batch, without the medicine: overhead a study, throughput, thousands of valid rows.

``python -m benchmarks.batch [rows|overhead|throughput] ...``
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.busy_flow import SECONDS, WAIT, write
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


def netlm_batch(manifest: Path, out: Path, *, workers: int, seconds: float = 0.0, wait: float = 0.0) -> float:
    """Wall seconds of one call of the command; its studies burn ``seconds`` of processor time, then wait."""
    clock = time.perf_counter()
    command = [sys.executable, "-m", "netlm_pipelines", "batch", str(manifest), "--out", str(out)]
    command += ["--workers", str(workers), "--flow", FLOW, "--min-free-gb", "0"]
    env = {**os.environ, SECONDS: str(seconds), WAIT: str(wait)}
    subprocess.run(command, check=True, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
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
    """What a batch costs a study beside the process that the study has to have anyway.

    Wall time grows with other work on the machine, processor time (of all processes) hardly does.
    """
    few, many = 10, 50
    wall, cpu = {}, {}
    for count in (few, many):
        before = processor_s()
        out = at / f"out-{count}"
        netlm_batch(studies(at / f"root-{count}", count), out, workers=1)
        wall[count], cpu[count] = between(out), processor_s() - before
    bare_wall, bare_cpu = bare_child(at / "bare")
    each_wall, each_cpu = ((took[many] - took[few]) / (many - few) for took in (wall, cpu))
    say(
        f"an empty study, 1 worker: {each_wall:.3f} s, {each_cpu:.3f} s of processor time; "
        f"its own process: {bare_wall:.3f} s, {bare_cpu:.3f} s; "
        f"overhead {each_wall - bare_wall:.3f} s, {each_cpu - bare_cpu:.3f} s"
    )


def processor_s() -> float:
    """Of all processes so far that this one has started and waited for, and theirs."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def bare_child(at: Path, *, times: int = 20) -> tuple[float, float]:
    """Mean wall and processor seconds of the process of one empty study, without a batch."""
    before, clock = processor_s(), time.perf_counter()
    for number in range(times):
        work = at / str(number)
        work.mkdir(parents=True)
        (work / REQUEST).write_bytes(REQUESTS.dump_json(Request(out=work / "result")))
        command = [sys.executable, "-P", "-m", "netlm_pipelines.batch.child", FLOW, str(2**32)]
        with subprocess.Popen(
            command, cwd=work, env={**os.environ, SECONDS: "0"}, stdin=subprocess.PIPE, start_new_session=True
        ) as process:
            process.wait()
    return (time.perf_counter() - clock) / times, (processor_s() - before) / times


def throughput(at: Path) -> None:
    """Two workers against one, turn by turn: with studies that compute, and with some that wait.

    On a machine with other work the first ratio says how much of it was left. The second does not, nor does
    the processor time: if two workers hindered each other, they would need more of it.
    """
    manifest = studies(at / "root", 8)
    for kind, study in {"compute": {"seconds": 5.0}, "wait": {"wait": 5.0}}.items():
        wall: dict[int, list[float]] = {1: [], 2: []}
        cpu: dict[int, list[float]] = {1: [], 2: []}
        for turn in range(2):
            for workers in (1, 2):
                out, before = at / f"out-{kind}-{workers}-{turn}", processor_s()
                netlm_batch(manifest, out, workers=workers, **study)
                wall[workers].append(between(out))
                cpu[workers].append(processor_s() - before)
        (one, two), used = (min(wall[n]) for n in (1, 2)), [min(cpu[n]) for n in (1, 2)]
        say(
            f"8 studies that {kind} 5 s: 1 worker {one:.1f} s, 2 workers {two:.1f} s, {one / two:.2f} x; "
            f"processor time {used[0]:.1f} s and {used[1]:.1f} s"
        )


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
