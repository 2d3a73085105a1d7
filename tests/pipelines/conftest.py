"""The command line in this process, and one finished case of a very small patient."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from netlm_pipelines import cli
from pipelines import small_study


@dataclass(frozen=True)
class Said:
    """What a command printed, and its exit code."""

    code: int
    out: str
    err: str


Netlm = Callable[..., Said]


@pytest.fixture
def netlm(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Netlm:
    """``netlm("run", folder, "--out", out)`` as a shell would call it."""

    def call(*args: object) -> Said:
        monkeypatch.setattr(sys, "argv", ["netlm", *map(str, args)])
        capfd.readouterr()
        with pytest.raises(SystemExit) as stopped:
            cli.main()
        out, err = capfd.readouterr()
        return Said(int(stopped.value.code or 0), out, err)

    return call


@pytest.fixture(scope="session")
def patient(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """``dicom/``, ``masks/liver.nii.gz`` and ``masks/lesions.nii.gz``."""
    folder = tmp_path_factory.mktemp("patient")
    small_study.write_study(folder / "dicom")
    small_study.write_masks(folder / "masks")
    return folder


@pytest.fixture(scope="session")
def masks(patient: Path) -> tuple[str, ...]:
    """The options that give both masks."""
    at = patient / "masks"
    return ("--liver", str(at / "liver.nii.gz"), "--lesions", str(at / "lesions.nii.gz"))


@pytest.fixture(scope="session")
def finished(patient: Path, masks: tuple[str, ...], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A case that ``netlm plan`` has finished; tests must leave it as it is."""
    out = tmp_path_factory.mktemp("finished") / "case"
    succeed("plan", *masks, "--out", str(out))
    return out


@pytest.fixture(scope="session")
def finished_on_dicom(
    patient: Path, masks: tuple[str, ...], tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """A case that ``netlm run`` has finished; tests must leave it as it is."""
    out = tmp_path_factory.mktemp("finished_on_dicom") / "case"
    succeed("run", str(patient / "dicom"), *masks, "--out", str(out))
    return out


def succeed(*args: str) -> None:
    """A command that does what it should."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["netlm", *args])
        with pytest.raises(SystemExit) as stopped:
            cli.main()
    assert not stopped.value.code
