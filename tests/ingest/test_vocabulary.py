# ruff: noqa: E501, RUF001
"""Words are found as people write them, and nothing else is."""

from __future__ import annotations

import pytest

from netlm_imaging.ingest.vocabulary import (
    agents_in,
    folded,
    is_no_agent,
    minutes_in,
    phase_in,
    phases_in,
    says,
    tracers_in,
)


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("t1_vibe_fs-TRA", "t1 vibe fs tra"),
        ("InPhase: LAVA-Flex", "in phase lava flex"),
        ("Überg. für Gefäße", "uberg fur gefasse"),
        ("İKİ ışık łódź ØRE", "iki isik lodz ore"),
        ("Delay 1,5 min. 3.0mm", "delay 1.5 min 3.0mm"),
        ("ＶＩＢＥ　動脈相", "vibe 動脈相"),
        ("가독세트산", "가독세트산"),
        ("", ""),
    ],
)
def test_folding(text: str, plain: str) -> None:
    assert folded(text) == plain
    assert folded(plain) == plain


@pytest.mark.parametrize(
    ("text", "minutes"),
    [
        ("vibe 20min", 20), ("20 MIN", 20), ("delay 1.5 min", 1.5), ("20 dk", 20), ("20分", 20), ("90s", 1.5),
        ("bh 20s", None), ("20-30min", 30), ("minip 3", None), ("t1 3mm", None), ("vibe", None), ("1000 s", None),
    ],
)  # fmt: skip
def test_delays(text: str, minutes: float | None) -> None:
    assert minutes_in(folded(text)) == minutes


@pytest.mark.parametrize(
    ("text", "phase"),
    [
        ("late arterial", "arterial"), ("late venous", "transitional"), ("late hepatobiliary", "hbp"),
        ("portal venous", "portal"), ("pre art ven", None), ("artefact", None), ("spare", None), ("prep", None),
        ("t1 vibe", None), ("pv", "portal"), ("art2", "arterial"), ("start", None),
    ],
)  # fmt: skip
def test_phases(text: str, phase: str | None) -> None:
    assert phase_in(folded(text)) == phase


def test_fat_saturation_is_no_word_for_contrast() -> None:
    assert phases_in(folded("t2 without fs")) == frozenset()
    assert says("fat", "not_suppressed", folded("t1 without fs"))


@pytest.mark.parametrize("text", ["", "none", "NO", "0", "0.0", "ohne KM", "No contrast"])
def test_nothing_given(text: str) -> None:
    assert is_no_agent(text)


@pytest.mark.parametrize("text", ["10 ml", "contrast", "Primovist", "IV"])
def test_something_given(text: str) -> None:
    assert not is_no_agent(text)


def test_agents_and_tracers_by_part_of_a_word() -> None:
    assert [a.name for a in agents_in("10mlPrimovist")] == ["gadoxetate"]
    assert [a.name for a in agents_in("Gd-EOB-DTPA")] == ["gadoxetate"]
    assert [a.name for a in agents_in("Gd-DTPA")] == ["gadopentetate"]
    assert [a.name for a in agents_in("Dotarem + Eovist")] == ["gadoxetate", "gadoterate"]
    assert agents_in("ceobalt") == ()
    assert [t.name for t in tracers_in("somatostatin receptor PET, DOTATOC")] == ["DOTATOC"]
    assert tracers_in("effects on nocturnal profess") == ()
