"""A finished case of an oblique liver, and its study opened in memory, without Qt."""

from __future__ import annotations

from pathlib import Path

import pytest
from export.examples import Example, make_example

from napari_netlm.opened import OpenedStudy, ShownImage
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
