"""The cohort's tables and page."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path

import duckdb
import pytest
from batch.conftest import Batch, tree, write_studies
from rich.console import Console

from netlm_imaging.errors import Fault
from netlm_pipelines.batch.check import Selection
from netlm_pipelines.batch.cohort import write_cohort
from netlm_pipelines.batch.cohort_page import histogram
from netlm_pipelines.batch.order import Order
from netlm_pipelines.batch.outcome import Outcome
from netlm_pipelines.batch.progress import Progress


def test_the_tables_say_what_the_cases_say(batch: Batch, tmp_path: Path) -> None:
    summary = batch(write_studies(tmp_path / "root", ["one", "bad", "three"]))
    cohort = summary.cohort.parent
    for name in ("s0", "s2"):
        case = json.loads((tmp_path / "out" / "cases" / name / "case.json").read_bytes())
        columns = "type, tumor_ml, flr_percent, lesion_count"
        row = duckdb.sql(f"select {columns} from '{cohort}/cases.parquet' where study = '{name}'").fetchall()
        assert row == [
            (
                case["classification"]["type"],
                case["liver"]["tumor_ml"],
                case["plan"]["flr_percent"],
                case["pattern"]["count"],
            )
        ]
    lesions = duckdb.sql(
        f"select study, id, longest_diameter_mm from '{cohort}/lesions.parquet' order by study, id"
    ).fetchall()
    assert lesions == [
        (name, lesion["id"], lesion["longest_diameter_mm"])
        for name in ("s0", "s2")
        for lesion in case["lesions"]
    ]
    treatments = duckdb.sql(f"select count(*) from '{cohort}/treatments.parquet'").fetchall()
    assert treatments == [(2 * len(case["plan"]["treatments"]),)]
    assert duckdb.sql(f"select study, code from '{cohort}/failures.parquet'").fetchall() == [
        ("s1", "MISSING_SLICE")
    ]


def test_the_page_links_every_case_and_names_every_failure(batch: Batch, tmp_path: Path) -> None:
    summary = batch(write_studies(tmp_path / "root", ["one", "bad", "three"]))
    page = summary.cohort.read_text()
    links = re.findall(r'href="([^"]+)"', page)
    assert [(summary.cohort.parent / link).resolve().is_file() for link in links] == [True, True]
    assert "MISSING_SLICE 1" in page
    assert not re.search(r"https?://", page)


def test_a_patient_without_disease_is_one_of_the_cohort(finished: tuple[Path, Path]) -> None:
    """Such a case has no Type, no lesion and no treatment."""
    _, out = finished
    path = out / "cases" / "s1" / "case.json"
    case = json.loads(path.read_bytes())
    case["classification"]["type"], case["lesions"], case["plan"]["treatments"] = None, [], []
    case["pattern"]["count"] = 0
    path.write_text(json.dumps(case))
    order = Order(out=out, flow="batch.light_flow:light")
    page = write_cohort({"s0", "s1"}, {}, order, left=0).read_text()
    assert re.search(r'none</td><td>No measurable disease in the liver</td><td class="n">1<', page)
    assert re.search(r"Debulking by the plans, %</h3>\s*<small>1 values", page)
    counted = f"select count(*), count(type), count(largest_lesion_mm) from '{out}/cohort/cases.parquet'"
    assert duckdb.sql(counted).fetchall() == [(2, 1, 1)]


def test_the_page_says_what_it_leaves_out(batch: Batch, finished: tuple[Path, Path]) -> None:
    """Studies that a limit left for later, and results of a flow that writes no case."""
    manifest, out = finished
    rows = manifest.read_text().splitlines(keepends=True)
    more = manifest.with_name("more.csv")
    more.write_text("".join([*rows, *(f"late{n},in-0\n" for n in range(4))]))
    summary = batch(more, selection=Selection(only_failed=True))
    assert summary.left == 4
    assert re.search(r"<b>4</b><span>studies not computed yet", summary.cohort.read_text())
    order = Order(out=out, flow="batch.light_flow:light")
    (out / "cases" / "s1" / "case.json").write_text('{"schema": "mine/1"}')
    page = write_cohort({"s0", "s1"}, {}, order, left=0).read_text()
    assert "writes no case.json: 1" in page
    assert duckdb.sql(f"select study from '{out}/cohort/cases.parquet'").fetchall() == [("s0",)]


def test_a_cohort_that_is_damaged_is_written_again(batch: Batch, finished: tuple[Path, Path]) -> None:
    manifest, out = finished
    before = tree(out)
    (out / "cohort" / "cases.parquet").unlink()
    batch(manifest)
    assert tree(out) == before


def test_only_cases_of_this_batch_are_in_its_cohort(batch: Batch, finished: tuple[Path, Path]) -> None:
    """Of a study that is no longer asked for the case stays, uncounted."""
    manifest, out = finished
    fewer = manifest.with_name("fewer.csv")
    fewer.write_text("".join(manifest.read_text().splitlines(keepends=True)[:3]))
    batch(fewer)
    assert duckdb.sql(f"select study from '{out}/cohort/cases.parquet'").fetchall() == [("s0",), ("s1",)]
    assert (out / "cases" / "s2" / "case.json").is_file()


def test_a_histogram_holds_every_value() -> None:
    drawn = histogram("Debulking, %", [0.0, 0.1, 49.9, 100.0], high=100.0)
    assert sum(count for *_, count in drawn.bars) == 4
    assert drawn.bars[0][-1] == drawn.highest == 2
    assert drawn.bars[-1][0] > drawn.bars[0][0]
    assert histogram("None", []).bars == ()


@pytest.mark.parametrize("terminal", [True, False])
def test_progress_on_a_terminal_and_elsewhere(terminal: bool) -> None:
    shown = io.StringIO()
    progress = Progress(console=Console(file=shown, force_terminal=terminal, width=100))
    progress.start(total=5, kept=7, running=lambda: 2)
    bad = Fault(code="MISSING_SLICE", expected="all", found="a gap")
    with progress.shown():
        progress.add(Outcome(study="a", status="done"))
        progress.add(Outcome(study="b", status="failed", faults=(bad,)))
        progress.add(Outcome(study="c", status="kept"))
    assert (progress.total, progress.done, progress.kept, progress.failed) == (4, 1, 8, 1)
    text = shown.getvalue()
    assert "failed b: MISSING_SLICE: expected all; found a gap" in text
    for name, value in {"done": "1 of 4", "failed": r"1 \(MISSING_SLICE 1\)", "running": "2"}.items():
        assert re.search(rf"{name} +{value}", text)
    assert ("\x1b[" in text) == terminal
