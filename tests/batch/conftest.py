"""A template case, a folder of light studies, and a batch in this process."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from batch import light_flow

from netlm_imaging.export.files import write_file
from netlm_pipelines.batch import work
from netlm_pipelines.batch.check import Selection
from netlm_pipelines.batch.child import REQUEST, REQUESTS, faults_of
from netlm_pipelines.batch.flow import Summary, run_batch
from netlm_pipelines.batch.isolated import Ended
from netlm_pipelines.batch.manifest import read_studies
from netlm_pipelines.batch.order import Limits, Order
from netlm_pipelines.batch.schedulers import InThisProcess
from netlm_pipelines.request import Request

TESTS = Path(__file__).parents[1]


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """case.json of a real plan of the very small patient, without the pictures of a report."""
    from netlm_imaging.clinical import Clinical
    from netlm_imaging.lesions import prepare
    from netlm_imaging.settings import Settings
    from netlm_imaging.volume import Mask
    from netlm_pipelines.masks import StudyMasks
    from netlm_pipelines.progress import Stages
    from netlm_pipelines.study import decide_case
    from pipelines import small_study

    anatomy, _ = prepare(liver=Mask(small_study.liver(), small_study.GRID), lesions=small_study.lesions())
    masks = StudyMasks(anatomy=anatomy, method="given", seen_on={}, uptake={}, notices=())
    case, _ = decide_case(
        masks,
        settings=Settings(),
        clinical=Clinical(),
        inputs=(),
        notices=(),
        registrations=(),
        stages=Stages(total=1),
    )
    path = tmp_path_factory.mktemp("template") / "case.json"
    path.write_text(case.to_json())
    return path


@pytest.fixture(scope="session")
def light(template: Path) -> Iterator[None]:
    """Child processes find the light flows and their template."""
    paths = (str(TESTS), os.environ.get("PYTHONPATH", ""))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(light_flow.TEMPLATE, str(template))
        patch.setenv("PYTHONPATH", os.pathsep.join(path for path in paths if path))
        yield


Batch = Callable[..., Summary]


@pytest.fixture(scope="session")
def undisturbed(light: None, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A manifest of three light studies and a batch of it that nothing has disturbed."""
    folder = tmp_path_factory.mktemp("undisturbed")
    manifest = write_studies(folder / "root", ["one", "two", "three"])
    run_in_process(manifest, folder / "out")
    return manifest, folder / "out"


@pytest.fixture
def finished(undisturbed: tuple[Path, Path], tmp_path: Path) -> tuple[Path, Path]:
    """The same, the results of one's own. The studies are shared: tests leave them as they are."""
    manifest, out = undisturbed
    shutil.copytree(out, tmp_path / "out")
    return manifest, tmp_path / "out"


def write_studies(root: Path, contents: list[str]) -> Path:
    """A manifest of studies s0, s1, ...; each holds one file with its content."""
    for number, content in enumerate(contents):
        (root / f"in-{number}").mkdir(parents=True)
        (root / f"in-{number}" / "image").write_text(content)
    rows = "".join(f"s{number},in-{number}\n" for number in range(len(contents)))
    manifest = root / "manifest.csv"
    manifest.write_text("study,path\n" + rows)
    return manifest


@pytest.fixture
def batch(light: None, tmp_path: Path) -> Batch:
    """``batch(manifest)`` runs it in this process; with ``isolated=True`` each study in a child process."""

    def run(manifest: Path, *, out: Path | None = None, **more: Any) -> Summary:
        return run_in_process(manifest, out or tmp_path / "out", **more)

    return run


def without_child(request: Request, flow: str, *, work: Path, **limits: Any) -> Ended:
    """In the place of ``run_isolated``: the same files, no new process. A child costs a second of imports."""
    (work / "tmp").mkdir()
    write_file(work / REQUEST, REQUESTS.dump_json(request))
    return Ended(faults=faults_of(flow, request), peak_bytes=0)


def run_in_process(
    manifest: Path,
    out: Path,
    *,
    isolated: bool = False,
    limits: Limits | None = None,
    settings: Mapping[str, Any] | None = None,
    selection: Selection | None = None,
) -> Summary:
    """A batch without a cluster."""
    order = Order(
        out=out,
        flow="batch.light_flow:light",
        limits=limits or Limits(free_bytes=0, disk_pauses_s=(), memory_bytes=2**30),
        settings=settings or {},
    )
    with pytest.MonkeyPatch.context() as patch:
        if not isolated:
            patch.setattr(work, "run_isolated", without_child)
        return run_batch(read_studies(manifest), order, InThisProcess(), selection=selection)


def tree(out: Path) -> dict[str, bytes]:
    """All that a batch leaves but its journal and the logs: the files with a clock in them."""
    with_a_clock = ("journal.jsonl", "log.jsonl")
    return {
        path.relative_to(out).as_posix(): path.read_bytes()
        for path in sorted(out.rglob("*"))
        if path.is_file() and path.name not in with_a_clock
    }
