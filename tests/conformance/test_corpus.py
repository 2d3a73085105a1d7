"""Every case of the corpus: the promised answer, the right voxels, and nothing that names the patient."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from conformance.case import Answer, Case, Command, Truth, distinct
from conformance.registry import CASES
from conformance.table import DOCUMENT, ROWS, document
from ingest import builder


def name_of(case: Case) -> str:
    return f"row {case.row}: {case.what}{f' ({case.over})' if case.over else ''}"


@pytest.mark.parametrize(
    "case",
    [pytest.param(case, id=name_of(case), marks=[pytest.mark.slow] if case.slow else []) for case in CASES],
)
def test_case(case: Case, tmp_path: Path, netlm: Command) -> None:
    answer = case.ask(tmp_path, netlm)
    assert sorted({fault.code for fault in answer.faults}) == sorted(case.refused), answer.printed
    assert [fault for fault in answer.faults if case.place not in fault.where] == []
    if not case.refused:
        told = {notice.code for notice in answer.notices}
        expected = set(case.notices)
        assert (told & expected if case.others else told) == expected, answer.printed
    assert [words for words in case.says if words not in answer.printed] == [], answer.printed
    secrets = (*builder.SECRETS, "SECRET", "2.25.", str(tmp_path), "Traceback")
    assert [secret for secret in secrets if secret in answer.printed] == [], answer.printed
    if case.truth is not None:
        same(answer, case.truth())


def same(answer: Answer, truth: Truth) -> None:
    """Voxels and geometry as they must be."""
    assert answer.array is not None
    assert answer.grid is not None
    assert answer.array.shape == truth.array.shape
    off = np.abs(answer.grid.corners_lps_mm() - truth.grid.corners_lps_mm()).max()
    assert off <= truth.place_mm
    compared = np.ones(truth.array.shape, dtype=bool) if truth.where is None else truth.where
    np.testing.assert_allclose(
        answer.array[compared], truth.array[compared], rtol=truth.relative, atol=truth.absolute
    )


def test_every_row_has_a_case_and_no_case_is_there_twice() -> None:
    assert {case.row for case in CASES} == set(ROWS)
    assert len({(case.row, case.what, case.over) for case in CASES}) == len(CASES)
    assert len(distinct(CASES)) >= 180


def test_the_document_is_up_to_date() -> None:
    """Written anew by: cd tests && python -m conformance"""
    assert DOCUMENT.read_text() == document()
