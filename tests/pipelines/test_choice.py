"""Which series a run uses: only what it needs has to be clear, and the CT of the PET is the PET's own."""

from __future__ import annotations

from dataclasses import replace

import pytest

from netlm_imaging.errors import InputError
from netlm_imaging.ingest import Series, Study
from netlm_pipelines.choice import choose_series

MODALITIES = {"ct": "CT", "pet": "PT"}


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
    with pytest.raises(InputError, match=r"--series precontrast=NUMBER"):
        numbers(found)
