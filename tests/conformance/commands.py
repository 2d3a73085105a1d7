"""Cases over the command line: options in, exit code and printed words out."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from conformance.case import Answer, Case, Command, Truth

from netlm_imaging.errors import Fault, Notice
from netlm_imaging.export import write_nifti
from netlm_imaging.ingest import read_mask
from netlm_imaging.volume import BoolArray, LabelMap, Mask
from pipelines import small_study

ERROR = re.compile(r"^error ([A-Z_]+)(?: in ([^:]+))?: (.*)$", re.MULTILINE)
WARNING = re.compile(r"^\s*warning ([A-Z_]+)(?: \(([^)]+)\))?: (.*)$", re.MULTILINE)
Options = Callable[[Path], Sequence[object]]
"""Writes what the command needs into a folder and returns its arguments, without --out."""


def command_case(
    row: int,
    what: str,
    options: Options,
    *,
    refused: Sequence[str] = (),
    notices: Sequence[str] = (),
    exit_code: int = 0,
    says: Sequence[str] = (),
    place: str = "",
    lesions: Callable[[], LabelMap] | None = None,
    over: str = "",
) -> Case:
    """A run into a new folder; ``lesions`` are those that the finished case must hold."""

    def ask(folder: Path, command: Command) -> Answer:
        return answer_of(command, options(folder), folder)

    def truth() -> Truth:
        assert lesions is not None
        return Truth(array=lesions().array, grid=lesions().grid)

    ending = f"exit code {exit_code}{', nothing written' if refused else ''}"
    return Case(
        row=row,
        what=what,
        ask=ask,
        refused=tuple(refused),
        notices=tuple(notices),
        others=True,
        truth=None if lesions is None else truth,
        place=place,
        says=(ending, *says),
        over=over,
    )


def answer_of(command: Command, arguments: Sequence[object], folder: Path) -> Answer:
    """What a command answers that writes into ``folder/case``."""
    out = folder / "case"
    said = command(*arguments, "--out", out)
    lines = [line for line in f"{said.out}{said.err}".splitlines() if not line.startswith("Report: ")]
    printed = "\n".join([*lines, f"exit code {said.code}{'' if out.exists() else ', nothing written'}"])
    made = read_mask(str(out / "masks" / "lesions.nii.gz")).labels if (out / "masks").is_dir() else None
    return Answer(
        faults=tuple(
            Fault(code=code, expected="", found=words, where=where)
            for code, where, words in ERROR.findall(said.err)
        ),
        notices=tuple(
            Notice(code=code, message=words, where=where) for code, where, words in WARNING.findall(said.out)
        ),
        array=None if made is None else made.array,
        grid=None if made is None else made.grid,
        printed=printed,
    )


def masks(
    *, liver: BoolArray | None = None, lesions: LabelMap | None = None, more: Sequence[object] = ()
) -> Options:
    """``netlm plan`` of two masks on the small patient's grid."""

    def options(folder: Path) -> Sequence[object]:
        found = Mask(small_study.liver() if liver is None else liver, small_study.GRID)
        write_nifti(found, folder / "liver.nii.gz")
        write_nifti(small_study.lesions() if lesions is None else lesions, folder / "lesions.nii.gz")
        return ("plan", "--liver", folder / "liver.nii.gz", "--lesions", folder / "lesions.nii.gz", *more)

    return options


def labelled(array: npt.NDArray[Any]) -> LabelMap:
    """Labels on the small patient's grid."""
    return LabelMap(array.astype(np.uint16), small_study.GRID)
