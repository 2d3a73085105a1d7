"""What is valid stays, the rest is computed; nothing else ever counts."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from batch.conftest import Batch, tree, write_studies

from netlm_imaging.errors import UsageError
from netlm_pipelines.batch.check import Selection
from netlm_pipelines.batch.flow import plan_batch
from netlm_pipelines.batch.lock import locked
from netlm_pipelines.batch.manifest import read_studies
from netlm_pipelines.batch.order import Limits, Order

Finished = tuple[Path, Path]


def test_a_second_run_computes_nothing(batch: Batch, finished: Finished) -> None:
    manifest, out = finished
    before = tree(out)
    assert [name.split("/")[1] for name in before if name.endswith("case.json")] == ["s0", "s1", "s2"]
    second = batch(manifest)
    assert (second.done, second.kept) == (0, 3)
    assert tree(out) == before
    assert not list((out / "work").iterdir())


@pytest.mark.parametrize("damage", ["byte", "missing", "more", "manifest", "link", "no manifest"])
def test_a_damaged_result_is_computed_again(
    batch: Batch, finished: Finished, tmp_path: Path, damage: str
) -> None:
    manifest, out = finished
    before = tree(out)
    case = out / "cases" / "s2"
    mask = case / "masks" / "liver.nii.gz"
    if damage == "byte":
        mask.write_bytes(bytes([mask.read_bytes()[0] ^ 1]) + mask.read_bytes()[1:])
    elif damage == "missing":
        mask.unlink()
    elif damage == "more":
        (case / "masks" / "other.nii.gz").write_bytes(b"1")
    elif damage == "manifest":
        (case / "manifest.json").write_text((case / "manifest.json").read_text()[:-9])
    elif damage == "link":
        (tmp_path / "elsewhere").write_bytes(mask.read_bytes())
        mask.unlink()
        mask.symlink_to(tmp_path / "elsewhere")
    else:
        (case / "manifest.json").unlink()
    again = batch(manifest)
    assert (again.done, again.kept) == (1, 2)
    assert tree(out) == before


def test_changed_inputs_and_settings_are_computed_again(batch: Batch, tmp_path: Path) -> None:
    manifest = write_studies(tmp_path / "root", ["one", "two"])
    batch(manifest)
    image = manifest.parent / "in-1" / "image"
    image.write_text("TWO")  # the same size
    assert batch(manifest).done == 1
    image.touch()  # another time, the same bytes
    again = batch(manifest)
    assert (again.done, again.kept) == (0, 2)
    assert batch(manifest, settings={"plan": {"objective": "maximum"}}).done == 2
    case = json.loads((tmp_path / "out" / "cases" / "s1" / "case.json").read_bytes())
    assert case["plan"]["objective"] == "maximum"


def test_other_software_computes_all_again(
    batch: Batch, finished: Finished, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("check", "work", "flow", "keys", "cohort"):
        monkeypatch.setattr(f"netlm_pipelines.batch.{module}.software_sha256", lambda flow: "0" * 64)
    assert batch(finished[0]).done == 3


def test_failures_are_named_and_tried_again(batch: Batch, tmp_path: Path) -> None:
    manifest = write_studies(tmp_path / "root", ["one", "bad", "three", "bad"])
    first = batch(manifest)
    assert first.failed == {"s1": "MISSING_SLICE", "s3": "MISSING_SLICE"}
    assert sorted(path.name for path in (tmp_path / "out" / "failures").iterdir()) == ["s1.json", "s3.json"]
    (tmp_path / "root" / "in-1" / "image").write_text("good now")
    second = batch(manifest)
    assert (second.done, second.kept, second.failed) == (1, 2, {"s3": "MISSING_SLICE"})


def test_inputs_that_cannot_be_read_any_more_stop_nobody(batch: Batch, finished: Finished) -> None:
    manifest, out = finished
    other = manifest.with_name("unreadable.csv")
    other.write_text(manifest.read_text().replace("in-1", "x" * 300))  # which stat itself refuses
    summary = batch(other)
    assert (summary.kept, summary.failed) == (2, {"s1": "UNREADABLE"})
    assert (out / "cases" / "s1" / "case.json").is_file()


def test_limit_and_only_failed(batch: Batch, tmp_path: Path) -> None:
    manifest = write_studies(tmp_path / "root", ["one", "bad", "three", "four"])
    first = batch(manifest, selection=Selection(limit=2))
    assert (first.done, len(first.failed), first.left) == (1, 1, 2)
    again = batch(manifest, selection=Selection(only_failed=True))
    assert (again.done, len(again.failed), again.left) == (0, 1, 2)
    order = Order(out=tmp_path / "out", flow="batch.light_flow:light")
    reasons = [item.reason for item in plan_batch(read_studies(manifest), order)]
    assert reasons == ["not done yet", "not done yet", "failed before: MISSING_SLICE"]
    third = batch(manifest, selection=Selection(limit=2))  # not spent on the one that fails again and again
    assert (third.done, len(third.failed), third.left) == (2, 1, 0)


def test_planning_writes_nothing(light: None, undisturbed: Finished, tmp_path: Path) -> None:
    order = Order(out=tmp_path / "out", flow="batch.light_flow:light")
    assert len(plan_batch(read_studies(undisturbed[0]), order)) == 3
    assert not (tmp_path / "out").exists()


def test_a_torn_journal_costs_nothing(batch: Batch, finished: Finished) -> None:
    manifest, out = finished
    journal = out / "journal.jsonl"
    journal.write_bytes(journal.read_bytes()[:-40])
    again = batch(manifest)
    assert (again.done, again.kept) == (0, 3)
    lines = journal.read_bytes().splitlines()
    whole = [json.loads(line)["event"] for line in lines if _is_json(line)]
    assert len(whole) == len(lines) - 1
    assert whole.count("batch") == 2  # the torn line has not swallowed the next one
    journal.unlink()
    assert batch(manifest).kept == 3


def test_one_batch_at_a_time(batch: Batch, finished: Finished) -> None:
    manifest, out = finished
    with locked(out), pytest.raises(UsageError, match="BATCH_RUNNING"):
        batch(manifest)
    assert batch(manifest).kept == 3


def test_a_folder_of_others_is_left_alone(batch: Batch, undisturbed: Finished, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("years of work")
    with pytest.raises(UsageError, match="OUT_NOT_BATCH"):
        batch(undisturbed[0], out=tmp_path / "mine")
    assert [path.name for path in (tmp_path / "mine").iterdir()] == ["thesis.txt"]


def test_a_full_disk_is_told_before_the_work(batch: Batch, undisturbed: Finished) -> None:
    with pytest.raises(UsageError, match="DISK_FULL"):
        batch(undisturbed[0], limits=Limits(free_bytes=2**60, disk_pauses_s=()))


def test_inputs_that_change_meanwhile_are_no_result(
    batch: Batch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from netlm_pipelines.batch import work

    manifest = write_studies(tmp_path / "root", ["one"])

    real = work.run_isolated

    def slowly(*args: object, **kwargs: object) -> object:
        ended = real(*args, **kwargs)  # type: ignore[arg-type]
        (manifest.parent / "in-0" / "late").write_text("one more slice")
        return ended

    monkeypatch.setattr(work, "run_isolated", slowly)
    failed = batch(manifest, isolated=True).failed
    assert failed == {"s0": "FILE_CHANGED"}
    assert not (tmp_path / "out" / "cases").exists()


def _is_json(line: bytes) -> bool:
    try:
        json.loads(line)
    except ValueError:
        return False
    return True
