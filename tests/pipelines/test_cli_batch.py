"""``netlm batch`` where nothing has to be computed: what it refuses and what it would do."""

from __future__ import annotations

from pathlib import Path

import pytest
from pipelines.conftest import Netlm

from netlm_pipelines.batch.folder import folder_name


@pytest.fixture
def studies(tmp_path: Path) -> Path:
    for name in ("Doe^Jane", "Roe^Rick"):
        (tmp_path / "studies" / name).mkdir(parents=True)
        (tmp_path / "studies" / name / "1").write_bytes(b"slice")
    return tmp_path / "studies"


def test_a_dry_run_says_what_and_why(netlm: Netlm, studies: Path, tmp_path: Path) -> None:
    said = netlm("batch", studies, "--out", tmp_path / "out", "--dry-run")
    assert said.code == 0
    assert f"{folder_name(studies / 'Doe^Jane')}  not done yet" in said.out
    assert "2 of 2 studies would be computed" in said.out
    assert "Doe" not in said.out + said.err
    assert not (tmp_path / "out").exists()


def test_a_dry_run_says_what_would_fail(netlm: Netlm, studies: Path, tmp_path: Path) -> None:
    manifest = tmp_path / "m.csv"
    rows = "study,path,clinical.height_cm\na,studies/Doe^Jane,1\nb,nowhere,\nc,studies/Doe^Jane,172\n"
    manifest.write_text(rows)
    said = netlm("batch", manifest, "--out", tmp_path / "out", "--dry-run").out
    assert [line for line in said.splitlines() if line[:3] in ("a  ", "b  ", "c  ")] == [
        *("a  would fail: BAD_CLINICAL", "b  would fail: NOT_FOUND", "c  not done yet"),
    ]
    assert "height_cm: Input should be" in said


def test_what_is_no_study_is_counted(netlm: Netlm, studies: Path, tmp_path: Path) -> None:
    (studies / "Link^Jane").symlink_to(tmp_path)
    said = netlm("batch", studies, "--out", tmp_path / "out", "--dry-run")
    assert "Passed over: links (not followed): 1" in said.out
    assert "2 of 2 studies" in said.out


def test_a_dry_run_with_identifiers_shows_which_is_which(netlm: Netlm, studies: Path, tmp_path: Path) -> None:
    said = netlm("batch", studies, "--out", tmp_path / "out", "--dry-run", "--keep-identifiers", "--limit", 1)
    lines = [line for line in said.out.splitlines() if line.startswith("study-")]
    assert len(lines) == 1
    name, *_, path = lines[0].split()
    assert folder_name(Path(path)) == name


@pytest.mark.parametrize(
    ("code", "options"),
    [
        ("OUT_AMONG_STUDIES", ("--out", "{studies}/out", "--dry-run")),
        ("OUT_NOT_BATCH", ("--out", "{wrong}", "--dry-run")),
        ("BAD_USAGE", ("--out", "{out}", "--workers", "2", "--scheduler", "tcp://127.0.0.1:1")),
        ("BAD_SETTINGS", ("--out", "{out}", "--settings", "{wrong}", "--dry-run")),
        ("UNKNOWN_SEGMENTER", ("--out", "{out}", "--segmenter", "none-such")),
        ("BAD_FLOW", ("--out", "{out}", "--flow", "nothing.here:run", "--dry-run")),
    ],
)
def test_refused(netlm: Netlm, studies: Path, tmp_path: Path, code: str, options: tuple[str, ...]) -> None:
    wrong = tmp_path / "wrong.toml"
    wrong.write_text("[plan]\nobjective = 'best'\n")
    places = {"studies": studies, "out": tmp_path / "out", "wrong": wrong}
    said = netlm("batch", studies, *(option.format(**places) for option in options))
    assert said.code == 2
    assert code in said.err
    assert not (tmp_path / "out").exists()
