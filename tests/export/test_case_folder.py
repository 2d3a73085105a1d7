from __future__ import annotations

import errno
import json
import os
from collections.abc import Callable
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
from export.examples import Example

from netlm_imaging.case import CaseResult
from netlm_imaging.errors import InputError, UsageError
from netlm_imaging.export import case_folder, check_target, read_case, report_again, write_case

PNG = {"plan_3d.png": b"\x89PNG not a picture"}


def write(example: Example, out: Path, *, overwrite: bool = False) -> Path:
    masks = {"liver": example.anatomy.liver, "lesions": example.anatomy.lesions}
    log = [{"stage": "Measuring", "seconds": 0.25}]
    return write_case(out, example.case, masks=masks, figures=PNG, log=log, overwrite=overwrite)


def contents(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def test_everything_is_there_and_reads_back(example: Example, tmp_path: Path) -> None:
    out = write(example, tmp_path / "ein Fall, übermäßig" / "case 1")
    assert sorted(contents(out)) == [
        "case.json",
        "figures/plan_3d.png",
        "lesions.csv",
        "log.jsonl",
        "masks/lesions.nii.gz",
        "masks/liver.nii.gz",
        "report.html",
        "report.pdf",
        "treatments.csv",
    ]
    assert read_case(out) == example.case
    liver = nib.load(out / "masks" / "liver.nii.gz")
    np.testing.assert_array_equal(np.asanyarray(liver.dataobj).T, example.anatomy.liver.array)
    assert json.loads((out / "log.jsonl").read_text()) == {"stage": "Measuring", "seconds": 0.25}
    assert [p.name for p in out.parent.iterdir()] == ["case 1"]


def test_the_same_case_gives_the_same_bytes(example: Example, tmp_path: Path) -> None:
    first, second = write(example, tmp_path / "a"), write(example, tmp_path / "b")
    assert contents(first) == contents(second)


def test_an_older_case_is_kept_without_overwrite_and_replaced_with_it(
    example: Example, tmp_path: Path
) -> None:
    out = write(example, tmp_path / "case")
    (out / "lesions.csv").write_text("edited")
    with pytest.raises(UsageError, match="CASE_EXISTS"):
        write(example, out)
    assert (out / "lesions.csv").read_text() == "edited"
    write(example, out, overwrite=True)
    assert (out / "lesions.csv").read_text().startswith("id,volume_ml")
    assert [p.name for p in tmp_path.iterdir()] == ["case"]


@pytest.mark.parametrize("overwrite", [False, True])
def test_a_folder_with_other_files_is_never_touched(
    example: Example, tmp_path: Path, overwrite: bool
) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "thesis.docx").write_text("years of work")
    with pytest.raises(UsageError, match=r"OUT_NOT_EMPTY.*thesis\.docx"):
        write(example, tmp_path / "out", overwrite=overwrite)
    assert contents(tmp_path) == {"out/thesis.docx": b"years of work"}


def test_own_files_among_those_of_an_older_case_are_not_destroyed(example: Example, tmp_path: Path) -> None:
    out = write(example, tmp_path / "case")
    (out / "notes.txt").write_text("ask the radiologist")
    with pytest.raises(UsageError, match=r"OUT_NOT_EMPTY.*notes\.txt"):
        write(example, out, overwrite=True)
    assert (out / "notes.txt").exists()


@pytest.mark.parametrize("text", ["{}", "[1]", "not json", '{"schema": "other/1"}'])
def test_a_foreign_case_json_does_not_make_a_case(example: Example, tmp_path: Path, text: str) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "case.json").write_text(text)
    with pytest.raises(UsageError, match="OUT_NOT_EMPTY"):
        write(example, tmp_path / "out", overwrite=True)


def test_an_empty_folder_is_used_and_a_file_refused(example: Example, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / ".DS_Store").write_bytes(b"")
    assert read_case(write(example, tmp_path / "empty")) == example.case
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="OUT_NOT_FOLDER"):
        write(example, tmp_path / "file")


def test_a_link_stays_a_link_to_the_new_case(example: Example, tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    write(example, tmp_path / "link")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real" / "case.json").exists()


def failing(error: BaseException, *, at_call: int, instead: Callable[..., object]) -> Callable[..., object]:
    calls = 0

    def function(*arguments: object, **options: object) -> object:
        nonlocal calls
        calls += 1
        if calls == at_call:
            raise error
        return instead(*arguments, **options)

    return function


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), "DISK_FULL"),
        (OSError(errno.EACCES, "Permission denied"), "NO_PERMISSION"),
        (OSError(errno.EIO, "Input/output error"), "WRITE_FAILED"),
    ],
)
@pytest.mark.parametrize("old_case", [False, True])
def test_a_disk_fault_in_the_middle_leaves_what_was_there(
    example: Example,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    error: OSError,
    code: str,
    old_case: bool,
) -> None:
    out = tmp_path / "case"
    if old_case:
        write(example, out)
    before = contents(tmp_path)
    monkeypatch.setattr(os, "fsync", failing(error, at_call=5, instead=os.fsync))
    with pytest.raises(UsageError) as caught:
        write(example, out, overwrite=True)
    assert caught.value.codes == (code,)
    assert contents(tmp_path) == before
    assert [p.name for p in tmp_path.iterdir()] == (["case"] if old_case else [])


def test_an_interrupt_leaves_nothing(
    example: Example, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stop = failing(KeyboardInterrupt(), at_call=1, instead=case_folder.render_report)
    monkeypatch.setattr(case_folder, "render_report", stop)
    with pytest.raises(KeyboardInterrupt):
        write(example, tmp_path / "case")
    assert list(tmp_path.iterdir()) == []


def test_the_old_case_comes_back_when_the_new_one_cannot_take_its_name(
    example: Example, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = write(example, tmp_path / "case")
    before = contents(tmp_path)
    monkeypatch.setattr(
        Path, "rename", failing(OSError(errno.EIO, "I/O error"), at_call=2, instead=Path.rename)
    )
    with pytest.raises(UsageError, match="WRITE_FAILED"):
        write(example, out, overwrite=True)
    assert contents(tmp_path) == before


def test_a_place_without_permission_is_refused_before_the_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "access", lambda *_: False)  # root may write everywhere
    with pytest.raises(UsageError, match="NO_PERMISSION"):
        check_target(tmp_path / "new" / "case", overwrite=False)


def test_a_mount_point_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os.path, "ismount", lambda path: Path(path) == tmp_path)
    with pytest.raises(UsageError, match="OUT_IS_MOUNT"):
        check_target(tmp_path, overwrite=True)
    check_target(tmp_path / "case", overwrite=False)


@pytest.mark.parametrize("name", ["../liver", "a/b", ""])
def test_names_with_folders_are_mistakes_of_the_caller(example: Example, tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match="not a bare file name"):
        write_case(tmp_path / "c", example.case, masks={name: example.treated}, figures={}, log=[])
    assert list(tmp_path.iterdir()) == []


def test_the_report_is_rendered_again_from_the_folder_alone(example: Example, tmp_path: Path) -> None:
    out = write(example, tmp_path / "case")
    written = (out / "report.html").read_bytes()
    (out / "report.html").unlink()
    assert report_again(out) == out / "report.html"
    assert (out / "report.html").read_bytes() == written


def test_a_folder_without_a_case_has_no_report(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="NO_CASE"):
        report_again(tmp_path)
    (tmp_path / "case.json").write_text("{}")
    with pytest.raises(InputError, match="BAD_CASE"):
        report_again(tmp_path)


def test_the_case_survives_json(example: Example) -> None:
    assert CaseResult.from_json(example.case.to_json()) == example.case
