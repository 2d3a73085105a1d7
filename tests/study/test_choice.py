"""Which series a run uses: only what it needs has to be clear, and the CT of the PET is the PET's own."""

from __future__ import annotations

from dataclasses import replace

import pytest

from netlm_imaging.errors import InputError, Notice
from netlm_imaging.ingest import Series, Study
from netlm_imaging.ingest.verdict import Facts
from netlm_imaging.study.choice import choose_series

MODALITIES = {"ct": "CT", "pet": "PT"}
NOT_RECEPTOR = (Notice(code="NOT_RECEPTOR_TRACER", message="FDG", where="series 2"),)


def study(*series: tuple[str, str]) -> Study:
    """Series of (role, frame of reference)."""
    template = Series(
        number=0,
        role="other",
        role_reason="",
        role_confidence=1.0,
        modality="MR",
        uid_hash="",
        frame_uid_hash="",
        study_uid_hash="",
        instances=1,
        description="",
    )
    listed = [
        replace(template, number=n, role=role, frame_uid_hash=frame, modality=MODALITIES.get(role, "MR"))
        for n, (role, frame) in enumerate(series, start=1)
    ]
    return Study(series=tuple(listed), skipped=())


def numbers(found: Study, wanted: dict[str, str] | None = None, *, segment: bool = True) -> list[int | None]:
    """Reference, precontrast, PET and its CT."""
    chosen = choose_series(found, wanted or {}, segment=segment)
    series = (chosen.reference, chosen.precontrast, chosen.pet, chosen.pet_ct)
    return [None if s is None else s.number for s in series]


def test_the_best_reference_comes_first() -> None:
    everything = study(("t2", "m"), ("ct", "p"), ("hbp", "m"), ("pet", "p"), ("precontrast", "m"))
    assert numbers(everything) == [3, 5, 4, 2]
    assert numbers(everything, segment=False) == [3, None, 4, 2]


def test_the_ct_of_the_pet_shares_its_frame() -> None:
    assert numbers(study(("ct", "other day"), ("hbp", "m"), ("pet", "p"), ("ct", "p"))) == [2, None, 3, 4]
    assert numbers(study(("ct", "other day"), ("hbp", "m"), ("pet", "p"))) == [2, None, 3, None]
    assert numbers(study(("ct", ""), ("hbp", ""), ("pet", ""))) == [2, None, 3, 1]


def test_no_ct_is_read_where_pet_and_reference_share_a_frame() -> None:
    assert numbers(study(("ct", "one"), ("hbp", "one"), ("pet", "one"))) == [2, None, 3, None]


def test_a_diagnostic_ct_may_carry_the_plan_beside_a_pet_ct() -> None:
    found = study(("ct", "day 1"), ("ct", "day 2"), ("pet", "day 2"))
    assert numbers(found, {"ct": "1"}, segment=False) == [1, None, 3, 2]
    with pytest.raises(InputError, match="AMBIGUOUS_ROLE"):
        numbers(found, segment=False)


def test_the_user_decides() -> None:
    found = study(("hbp", "m"), ("hbp", "m"), ("ct", "p"), ("ct", "p"), ("pet", "p"))
    with pytest.raises(InputError, match=r"--series hbp=NUMBER"):
        numbers(found)
    with pytest.raises(InputError, match=r"--series ct=NUMBER"):
        numbers(found, {"hbp": "2"})
    assert numbers(found, {"hbp": "2", "ct": "4"}) == [2, None, 5, 4]


def test_two_of_what_is_not_needed_are_no_matter() -> None:
    found = study(("hbp", "m"), ("t2", "m"), ("t2", "m"), ("precontrast", "m"), ("precontrast", "m"))
    assert numbers(found, segment=False) == [1, None, None, None]
    assert numbers(found, {"precontrast": "5"}, segment=False) == [1, 5, None, None]
    with pytest.raises(InputError, match=r"--series precontrast=NUMBER"):
        numbers(found)


def with_facts(found: Study, number: int, *, confidence: float = 1.0, **facts: object) -> Study:
    """The study with facts of one series."""
    listed = [
        replace(s, facts=Facts(**facts), role_confidence=confidence) if s.number == number else s  # type: ignore[arg-type]
        for s in found.series
    ]
    return replace(found, series=tuple(listed))


def codes(found: Study, wanted: dict[str, str] | None = None, *, segment: bool = True) -> list[str]:
    return [n.code for n in choose_series(found, wanted or {}, segment=segment).notices]


def test_a_pet_that_shows_no_receptors_is_used_only_by_name() -> None:
    found = with_facts(study(("hbp", "m"), ("pet", "p")), 2, receptor=False, tracer="FDG")
    found = replace(found, series=(found.series[0], replace(found.series[1], notices=NOT_RECEPTOR)))
    assert numbers(found) == [1, None, None, None]
    assert codes(found) == ["NOT_RECEPTOR_TRACER"]
    assert numbers(found, {"pet": "2"}) == [1, None, 2, None]
    assert codes(found, {"pet": "2"}) == ["ROLE_BY_USER"]  # its own notice comes when it is read


def test_a_receptor_pet_beside_fdg_is_no_question() -> None:
    found = study(("hbp", "m"), ("pet", "p"), ("pet", "q"), ("pet", "r"))
    for number in (2, 3):
        found = with_facts(found, number, receptor=False)
    assert numbers(with_facts(found, 4, receptor=True))[2] == 4
    assert numbers(with_facts(found, 4, receptor=None, confidence=0.5))[2] == 4
    assert numbers(with_facts(found, 4, receptor=False))[2] is None


def test_the_precontrast_image_shares_the_frame_of_the_reference() -> None:
    assert numbers(study(("hbp", "m"), ("precontrast", "n"), ("precontrast", "m"))) == [1, 3, None, None]
    assert numbers(study(("hbp", "m"), ("precontrast", "n"))) == [1, None, None, None]
    assert codes(study(("hbp", "m"), ("precontrast", "n"))) == ["PRECONTRAST_ELSEWHERE"]
    assert numbers(study(("hbp", "m"), ("precontrast", ""))) == [1, 2, None, None]


def test_the_ct_that_breathed_as_the_pet_is_registered() -> None:
    found = study(("hbp", "m"), ("pet", "p"), ("ct", "p"), ("ct", "p"))
    assert numbers(with_facts(found, 4, attenuation_ct=True)) == [1, None, 2, 4]
    with pytest.raises(InputError, match="AMBIGUOUS_ROLE"):
        numbers(found)


def test_a_diagnostic_ct_carries_the_plan_before_that_of_the_pet() -> None:
    found = study(("ct", "p"), ("ct", "d"), ("pet", "p"))
    found = with_facts(with_facts(found, 1, attenuation_ct=True), 2, ct_phase="portal")
    assert numbers(found, segment=False) == [2, None, 3, 1]


def test_what_is_not_sure_is_said() -> None:
    found = with_facts(study(("hbp", "m")), 1, confidence=0.5)
    assert codes(found) == ["ROLE_UNSURE"]
    assert codes(with_facts(found, 1, confidence=0.8)) == []
    assert codes(found, {"hbp": "1"}) == ["ROLE_BY_USER"]


def test_a_name_that_changes_nothing_is_said() -> None:
    found = study(("hbp", "m"), ("t2", "m"))
    assert codes(found, {"t2": "2"}) == ["SERIES_NOT_NEEDED"]
    assert codes(found, {"other": "2"}) == []


def test_a_series_called_other_is_out_of_the_choice() -> None:
    assert numbers(study(("hbp", "m"), ("hbp", "m")), {"other": "1"}) == [2, None, None, None]
