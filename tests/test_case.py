"""case.json read back: what is wrong with it, said once and in words."""

from __future__ import annotations

import pytest

from netlm_imaging.case import CaseResult
from netlm_imaging.errors import InputError


def test_absent_keys_are_one_fault_and_a_wrong_one_another() -> None:
    with pytest.raises(InputError) as caught:
        CaseResult.from_json('{"schema": "netlm-case/9", "inputs": []}')
    assert caught.value.codes == ("BAD_CASE", "BAD_CASE")
    absent, wrong = map(str, caught.value.faults)
    assert "without software, settings" in absent
    assert "schema" in wrong
    assert "netlm-case/1" in wrong


@pytest.mark.parametrize("text", ["", "not json", "[]", "null"])
def test_what_is_no_case_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="BAD_CASE"):
        CaseResult.from_json(text)
