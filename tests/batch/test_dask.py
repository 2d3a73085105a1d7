"""The command on a Dask cluster of this machine."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import duckdb
import psutil
import pytest
from batch.conftest import run_in_process, tree, write_studies
from batch.studies import write_root

from netlm_pipelines.batch.manifest import read_studies

LIGHT = ("--flow", "batch.light_flow:light", "--min-free-gb", "0")
READING = ("--flow", "batch.light_flow:reading", "--min-free-gb", "0", "--memory-gb", "0.6")


def netlm_batch(*args: object) -> subprocess.Popen[str]:
    """``netlm batch`` as a terminal would start it, in a process group of its own.

    Whoever runs the tests in the background has them ignore Ctrl-C, and all that they start too.
    """
    program = (
        "import signal; signal.signal(signal.SIGINT, signal.default_int_handler);"
        "from netlm_pipelines.cli import main; main()"
    )
    command = [sys.executable, "-c", program, "batch", *map(str, args)]
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, process_group=0
    )


def _wait_for(*paths: Path) -> None:
    for _ in range(600):
        if all(path.exists() for path in paths):
            return
        time.sleep(0.1)
    raise AssertionError(f"{paths} did not come")


def test_stopped_by_ctrl_c_and_gone_on_with(light: None, tmp_path: Path) -> None:
    """With a study that hangs: the terminal's signal reaches the workers too."""
    manifest, out = write_studies(tmp_path / "root", ["good", "bad", "hang"]), tmp_path / "out"
    running = netlm_batch(manifest, "--out", out, "--workers", 1, *LIGHT)
    try:
        _wait_for(out / "cases" / "s0", out / "failures" / "s1.json")
        os.killpg(running.pid, signal.SIGINT)
        said = running.communicate(timeout=60)[0]
    finally:
        running.kill()  # nothing where it has ended; its workers end with it
    assert running.returncode == 130, said
    assert "Traceback" not in said
    assert said.endswith("What is done stays done; the same command goes on\n")
    (tmp_path / "root" / "in-2" / "image").write_text("good now")
    # A worker itself takes more than that, and must not be ended for it again and again.
    again = netlm_batch(manifest, "--out", out, "--workers", 1, "--memory-gb", 0.12, *LIGHT)
    said = again.communicate(timeout=60)[0]
    assert again.returncode == 1, said
    assert "1 done, 1 valid before, 1 failed, 0 left for later" in said


@pytest.mark.slow
def test_every_good_study_is_done_and_every_bad_one_named(
    light: None, tmp_path: Path, record_property: pytest.RecordProperty
) -> None:
    """And the memory of the parent stays flat."""
    good, poisoned = 180, 20
    expected = write_root(tmp_path / "root", good=good, poisoned=poisoned)
    out = tmp_path / "out"
    started = time.monotonic()
    running = netlm_batch(tmp_path / "root", "--out", out, "--workers", 2, *READING, "--timeout-minutes", 0.5)
    memory = []
    while running.poll() is None:
        if (out / "cases").exists() and len(list((out / "cases").iterdir())) < good:
            memory.append(psutil.Process(running.pid).memory_info().rss)
        time.sleep(0.5)
    said = running.communicate()[0]
    assert running.returncode == 1, said
    assert "Doe" not in said
    failures = duckdb.sql(f"select study, code from '{out}/cohort/failures.parquet'").fetchall()
    assert dict(failures) == expected
    cases = duckdb.sql(f"select study, type from '{out}/cohort/cases.parquet'").fetchall()
    names = {study.name for study in read_studies(tmp_path / "root")}
    assert {study for study, _ in cases} == names - set(expected)
    quarter = len(memory) // 4
    growth = (max(memory[-quarter:]) - max(memory[quarter : 2 * quarter])) / 2**20
    assert growth < 20
    record_property(
        "measured",
        f"batch: {good} + {poisoned} studies in {time.monotonic() - started:.0f} s, the parent's memory "
        f"{max(memory) / 2**20:.0f} MiB at most, {growth:+.1f} MiB from the second quarter to the last",
    )


@pytest.mark.slow
def test_killed_at_random(light: None, tmp_path: Path, record_property: pytest.RecordProperty) -> None:
    """Parent, workers and children, again and again, until all is done."""
    manifest = write_studies(tmp_path / "root", [f"slow {n}" for n in range(60)])
    run_in_process(manifest, tmp_path / "undisturbed")
    out, chance = tmp_path / "out", random.Random(6)
    killed = {"parent": 0, "worker": 0, "child": 0}
    for _ in range(60):
        running = netlm_batch(manifest, "--out", out, "--workers", 2, *LIGHT)
        ends = time.monotonic() + chance.uniform(4.0, 10.0)
        while running.poll() is None and time.monotonic() < ends:
            time.sleep(chance.uniform(0.3, 1.0))
            _kill_one(running.pid, chance, killed)
        if running.poll() is None:
            running.send_signal(signal.SIGKILL)
            killed["parent"] += 1
        running.communicate()
        if min(killed.values()) > 20:
            break
        if running.returncode == 0:  # all done too early: lose some, and go on
            for case in list((out / "cases").iterdir())[::2]:
                (case / "case.json").unlink()
    last = netlm_batch(manifest, "--out", out, "--workers", 2, *LIGHT)
    said = last.communicate()[0]
    assert last.returncode == 0, said
    assert tree(out) == tree(tmp_path / "undisturbed")
    assert min(killed.values()) > 12
    record_property("measured", f"batch: killed at random: {killed}")


def _kill_one(parent: int, chance: random.Random, killed: dict[str, int]) -> None:
    try:
        below = psutil.Process(parent).children(recursive=True)
        role = min(("worker", "child"), key=killed.__getitem__)  # a child lives for half a second only
        mark = "multiprocessing.spawn" if role == "worker" else "netlm_pipelines.batch.child"
        found = [process for process in below if mark in " ".join(process.cmdline())]
        if found:
            os.kill(chance.choice(found).pid, signal.SIGKILL)
            killed[role] += 1
    except (psutil.Error, ProcessLookupError):
        pass


def test_a_scheduler_that_dies_leaves_what_is_done(light: None, tmp_path: Path) -> None:
    """Scheduler and workers of a cluster of one's own; the next batch goes on without them."""
    manifest = write_studies(tmp_path / "root", ["one", *["slow " + "x" * n for n in range(13)]])
    out, address = tmp_path / "out", tmp_path / "address.json"
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    python = [sys.executable, "-m"]
    scheduler = subprocess.Popen(
        [*python, "dask", "scheduler", "--scheduler-file", str(address), "--port", "0", "--no-dashboard"],
        **quiet,  # type: ignore[call-overload]
    )
    worker = subprocess.Popen(
        [*python, "dask", "worker", "--scheduler-file", str(address), "--nthreads", "2", "--no-dashboard"],
        **quiet,  # type: ignore[call-overload]
    )
    try:
        _wait_for(address)
        at = json.loads(address.read_text())["address"]
        running = netlm_batch(manifest, "--out", out, "--scheduler", at, *LIGHT)
        _wait_for(*(out / "cases" / f"s{number}" for number in (0, 1, 10)))  # in the order of names
        scheduler.kill()
        said = running.communicate(timeout=60)[0]
        assert "SCHEDULER_LOST" in said
        assert running.returncode == 2
    finally:
        for process in (scheduler, worker):
            process.kill()
            process.wait()
    done = len(list((out / "cases").iterdir()))
    summary = run_in_process(manifest, out)
    assert summary.kept >= done - 1
    assert summary.done + summary.kept == 14
