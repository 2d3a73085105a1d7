"""case.json read back: what is wrong with it, said once and in words."""

from __future__ import annotations

import pytest

from netlm_imaging.case import CaseResult
from netlm_imaging.errors import InputError


def test_absent_keys_are_one_fault_and_a_wrong_one_another() -> None:
    with pytest.raises(InputError) as caught:
        CaseResult.from_json('{"schema": "netlm-case/1", "inputs": 3}')
    assert caught.value.codes == ("BAD_CASE", "BAD_CASE")
    absent, wrong = map(str, caught.value.faults)
    assert "without software, settings" in absent
    assert "expected inputs: " in wrong


@pytest.mark.parametrize("text", ["", "not json", "[]", "null"])
def test_what_is_no_case_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="BAD_CASE"):
        CaseResult.from_json(text)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (
            '{"schema": "netlm-plan/1", "masks": []}',
            "a plan file (schema 'netlm-plan/1'), which `netlm compare`",
        ),
        ('{"schema": "netlm-case/99"}', "schema 'netlm-case/99'"),
        ("no JSON at all", "no JSON"),
    ],
)
def test_what_is_no_case_is_one_fault_that_says_what_it_is(text: str, found: str) -> None:
    with pytest.raises(InputError) as caught:
        CaseResult.from_json(text, where="given.json")
    (fault,) = caught.value.faults
    assert (fault.code, fault.where) == ("BAD_CASE", "given.json")
    assert fault.found.startswith(found)
