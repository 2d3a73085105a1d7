"""The user's word wins over every header, and is refused where it cannot be meant."""

from __future__ import annotations

from pathlib import Path

import pytest
from ingest.exams import exam
from ingest.vendors import CT, GA68, HASTE, PET, VIBE, given

from netlm_imaging.errors import NetlmError
from netlm_imaging.ingest import Study, with_named_roles


@pytest.fixture
def study(tmp_path: Path) -> Study:
    """1 precontrast, 2 T2, 3 CT, 4 PET."""
    return exam(tmp_path, [VIBE, HASTE, CT, {**PET, **given("DOTATATE", nuclide=GA68)}])


def test_by_number_uid_or_hash(study: Study) -> None:
    first = study.series[0]
    for name in ("1", first.headers[0].series_uid, first.uid_hash):
        named = with_named_roles(study, {"hbp": name}).series[0]
        assert (named.role, named.role_reason, named.role_confidence) == ("hbp", "named by the user", 1.0)
        assert named.by_user
        assert named.told_otherwise.startswith("precontrast, 60 %")
    assert with_named_roles(study, {}).series == study.series


def test_a_series_taken_out_of_the_choice(study: Study) -> None:
    assert with_named_roles(study, {"other": "2"}).choose("t2") is None


@pytest.mark.parametrize(
    ("wanted", "codes", "exit_code"),
    [
        ({"liver": "1"}, ("UNKNOWN_ROLE",), 2),
        ({"seg": "1"}, ("UNKNOWN_ROLE",), 2),
        ({"hbp": "9"}, ("NO_SUCH_SERIES",), 3),
        ({"hbp": ""}, ("NO_SUCH_SERIES",), 3),
        ({"hbp": "3"}, ("WRONG_MODALITY",), 3),
        ({"pet": "3", "ct": "4", "t2": "77"}, ("WRONG_MODALITY", "WRONG_MODALITY", "NO_SUCH_SERIES"), 3),
        ({"hbp": "1", "portal": "1"}, ("SERIES_NAMED_TWICE",), 2),
    ],
)
def test_refusals(wanted: dict[str, str], codes: tuple[str, ...], exit_code: int, study: Study) -> None:
    with pytest.raises(NetlmError) as caught:
        with_named_roles(study, wanted)
    assert caught.value.codes == codes
    assert caught.value.exit_code == exit_code


def test_a_uid_that_no_series_has_is_not_repeated(study: Study) -> None:
    with pytest.raises(NetlmError) as caught:
        with_named_roles(study, {"hbp": "1.2.840.99.7"})
    assert "1.2.840" not in str(caught.value)


def test_portal_may_be_a_ct(study: Study) -> None:
    assert with_named_roles(study, {"portal": "3"}).series[2].role == "portal"
