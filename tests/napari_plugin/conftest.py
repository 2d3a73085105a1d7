"""A finished case of an oblique liver, and its study opened in memory, without Qt."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from export.examples import Example, make_example
from napari.components import ViewerModel
from napari_plugin.planned import begun

from napari_netlm.desk import Desk
from napari_netlm.hang import put_on_desk
from napari_netlm.opened import OpenedStudy, ShownImage
from napari_netlm.plan_start import Started
from napari_netlm.planning import Planning
from napari_netlm.work import STATE_DIR
from netlm_imaging.export import write_case


@pytest.fixture(autouse=True)
def state_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where work is saved in these tests: never in the home of who runs them."""
    monkeypatch.setenv(STATE_DIR, str(tmp_path / "state"))
    return tmp_path / "state"


@pytest.fixture(scope="session")
def example() -> Example:
    return make_example()


@pytest.fixture
def study(example: Example) -> OpenedStudy:
    """HBP and PET with masks, as after a run; made for each test because layers keep what is drawn."""
    anatomy = example.anatomy
    assert anatomy.segments is not None
    assert anatomy.vessels is not None
    return OpenedStudy(
        path=Path("study"),
        grid=anatomy.grid,
        images=(
            ShownImage(role="hbp", modality="MR", volume=example.hbp, number=2),
            ShownImage(role="pet", modality="PT", volume=example.suv, number=3),
        ),
        masks={
            "liver": anatomy.liver,
            "lesions": anatomy.lesions,
            "segments": anatomy.segments,
            "vessels": anatomy.vessels,
            "treated": example.treated,
        },
        case=example.case,
    )


@pytest.fixture(scope="session")
def finished(example: Example, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a finished case; tests leave it as it is."""
    anatomy = example.anatomy
    assert anatomy.segments is not None
    return write_case(
        tmp_path_factory.mktemp("finished") / "case",
        example.case,
        masks={
            "liver": anatomy.liver,
            "lesions": anatomy.lesions,
            "segments": anatomy.segments,
            "treated": example.treated,
            "ablation_margin_mm": example.suv,
        },
        figures={},
        log=(),
    )


@pytest.fixture
def desk(study: OpenedStudy, tmp_path: Path) -> Desk:
    return put_on_desk(ViewerModel(), replace(study, path=tmp_path))


@pytest.fixture(scope="session")
def started_once() -> dict[str, Started]:
    return {}


@pytest.fixture
def started(desk: Desk, started_once: dict[str, Started]) -> Started:
    """Begun once: a session never changes."""
    if not started_once:
        started_once["it"] = begun(desk)
    return started_once["it"]


@pytest.fixture
def planning(desk: Desk, started: Started) -> Iterator[Planning]:
    made = Planning(desk, started)
    yield made
    made.close()
