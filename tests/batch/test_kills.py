"""Killed or starved at any step to the disk: nothing half-done counts, and the next batch ends the same."""

from __future__ import annotations

import json
import shutil
import signal
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest
from batch.conftest import run_in_process, tree, write_studies
from batch.kill_server import KillServer

SOME = 15
"""In the quick tests, every so-many-th point; in the slow ones every point."""


@pytest.fixture(scope="module")
def server(light: None) -> Iterator[KillServer]:
    """One process that has everything imported."""
    server = KillServer()
    yield server
    server.close()


@pytest.fixture(scope="module")
def scene(light: None, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, dict[str, bytes]]:
    """A manifest; results to start from: one valid, one of older settings, one failed; the tree to end with.

    So a batch keeps, replaces, makes anew, fails and forgets a failure.
    """
    folder = tmp_path_factory.mktemp("scene")
    manifest = write_studies(folder / "root", ["zero", "one", "bad", "bad"])
    run_in_process(manifest, folder / "start", settings={"plan": {"objective": "maximum"}})
    (folder / "root" / "in-3" / "image").write_text("good now")
    shutil.rmtree(folder / "start" / "cases" / "s1")
    shutil.copytree(folder / "start", folder / "undisturbed")
    run_in_process(manifest, folder / "undisturbed")
    return manifest, folder / "start", tree(folder / "undisturbed")


def _steps(
    server: KillServer, scene: tuple[Path, Path, dict[str, bytes]], at: Path, *, in_child: bool
) -> int:
    manifest, start, _ = scene
    shutil.copytree(start, at / "counted")
    assert server.run(manifest, at / "counted", fault=f"count:0:{at / 'steps'}", in_child=in_child) == 0
    return (at / "steps").stat().st_size


def _disturbed(
    server: KillServer,
    scene: tuple[Path, Path, dict[str, bytes]],
    at: Path,
    fault: str,
    *,
    in_child: bool,
) -> int:
    """Run with the fault, look at what is there, run again, compare. Returns the first exit status."""
    manifest, start, wanted = scene
    out = at / f"out-{fault}"
    shutil.copytree(start, out)
    status = server.run(manifest, out, fault=f"{fault}:{at / f'steps-{fault}'}", in_child=in_child)
    for case in (out / "cases").iterdir():
        _require_whole(case)
    assert server.run(manifest, out) == 0
    assert tree(out) == wanted, fault
    shutil.rmtree(out)
    return status


def _require_whole(case: Path) -> None:
    """Written anew, not with the code that it tests."""
    told = json.loads((case / "manifest.json").read_bytes())["files"]
    there = {p.relative_to(case).as_posix(): p.read_bytes() for p in case.rglob("*") if p.is_file()}
    assert set(there) == {*told, "manifest.json"}
    for name, record in told.items():
        assert name == "log.jsonl" or record["sha256"] == sha256(there[name]).hexdigest(), name


def _points(steps: int, *, every: int) -> range:
    assert steps > 20
    return range(2, 2 * steps + 2, every)


@pytest.mark.parametrize("every", [SOME * 2, pytest.param(1, marks=pytest.mark.slow)])
def test_killed_at_any_step_of_parent_and_worker(
    server: KillServer,
    scene: tuple[Path, Path, dict[str, bytes]],
    tmp_path: Path,
    every: int,
    record_property: pytest.RecordProperty,
) -> None:
    points = _points(_steps(server, scene, tmp_path, in_child=False), every=every)
    statuses = [_disturbed(server, scene, tmp_path, f"kill:{n}", in_child=False) for n in points]
    struck = statuses.count(-signal.SIGKILL)
    assert struck > 0.9 * len(points)  # a run may have a step fewer than the one that was counted
    assert set(statuses) <= {-signal.SIGKILL, 0}
    record_property("measured", f"batch: killed at {struck} points of parent and worker")


@pytest.mark.parametrize("every", [SOME * 3, pytest.param(1, marks=pytest.mark.slow)])
def test_a_child_killed_at_any_step(
    server: KillServer,
    scene: tuple[Path, Path, dict[str, bytes]],
    tmp_path: Path,
    every: int,
    record_property: pytest.RecordProperty,
) -> None:
    points = _points(_steps(server, scene, tmp_path, in_child=True), every=every)
    statuses = [_disturbed(server, scene, tmp_path, f"kill:{n}", in_child=True) for n in points]
    assert set(statuses) == {0}
    record_property("measured", f"batch: a child killed at {len(points)} steps")


@pytest.mark.parametrize(
    ("every", "in_child"),
    [
        (SOME, False),
        pytest.param(3, False, marks=pytest.mark.slow),
        pytest.param(3, True, marks=pytest.mark.slow),
    ],
)
def test_a_full_disk_at_any_step(
    server: KillServer,
    scene: tuple[Path, Path, dict[str, bytes]],
    tmp_path: Path,
    every: int,
    in_child: bool,
    record_property: pytest.RecordProperty,
) -> None:
    steps = _steps(server, scene, tmp_path, in_child=in_child)
    points = range(1, steps + 1, every)
    for n in points:
        _disturbed(server, scene, tmp_path, f"full:{n}", in_child=in_child)
    record_property("measured", f"batch: a full disk at {len(points)} steps")
