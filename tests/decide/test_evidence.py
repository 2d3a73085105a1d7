"""Every sentence has its evidence, and every entry has its sentence or is background on purpose."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from netlm_imaging import decide, remnant
from netlm_imaging.decide.evidence import evidence, parse_evidence
from netlm_imaging.remnant import growth, limits, shares
from netlm_imaging.settings import Settings

ENTRY = '[[entry]]\nid = "{id}"\ncitation = "A 2020"\nstatement = "S."\nstatus = "{status}"\n'


def source() -> str:
    """The source of the packages whose sentences name evidence."""
    folders = [Path(package.__path__[0]) for package in (decide, remnant)]
    return "\n".join(path.read_text() for folder in folders for path in sorted(folder.glob("*.py")))


def named() -> set[str]:
    """Ids that the code names as evidence."""
    return set(re.findall(r'evidence(?:=|\(\)\[)\s*"([^"]+)"', source()))


def test_every_id_that_the_code_names_exists() -> None:
    assert len(named()) > 20
    assert named() <= set(evidence())
    minimums = [*limits.STANDARDIZED.values(), *limits.MEASURED.values()]
    assert {minimum.evidence for minimum in minimums} | {limits.BODY_WEIGHT_EVIDENCE} <= set(evidence())


def test_every_entry_is_used_or_background_on_purpose() -> None:
    text = source()
    used = {name for name in evidence() if f'"{name}"' in text}
    assert {name for name, entry in evidence().items() if name not in used and not entry.background} == set()
    assert {name for name, entry in evidence().items() if name in used and entry.background} == set()


def test_the_studies_behind_the_threshold_are_all_there() -> None:
    """Table 1 of the paper: year of publication, patients, threshold."""
    studies = {
        name: (entry.figures["n"], entry.figures["threshold_percent"])
        for name, entry in evidence().items()
        if "Table 1 of Mahuron" in entry.citation
    }
    assert studies == {
        "foster-1977": (44, 95),
        "mcentee-1990": (37, 90),
        "que-1995": (74, 90),
        "sarmiento-2003": (170, 90),
        "chambers-2008": (66, 70),
        "graff-baker-2014": (52, 70),
        "boudreaux-2014": (189, 70),
        "maxwell-2015": (108, 70),
        "scott-2019": (188, 70),
    }
    assert evidence()["maxwell-2015"].figures["median_os_below_threshold_years"] == 6.5


def test_figures_of_the_file_and_of_the_code_agree() -> None:
    entries, defaults = evidence(), Settings()
    for minimum in [*limits.STANDARDIZED.values(), *limits.MEASURED.values()]:
        assert entries[minimum.evidence].figures["minimum_percent"] == minimum.percent
    body_weight = entries[limits.BODY_WEIGHT_EVIDENCE].figures["minimum_percent"]
    assert body_weight == defaults.flr.minimum_body_weight_percent
    platelets = entries["flr-body-weight-platelets"].figures["warning_percent"]
    assert platelets == shares.LOW_PLATELETS_BODY_WEIGHT_PERCENT
    assert entries["flr-body-weight-graft"].figures["warning_percent"] == shares.GRAFT_BODY_WEIGHT_PERCENT
    assert entries["pve-growth"].figures["first_week_points"] == growth.FIRST_WEEK_POINTS[0]
    assert entries["pve-growth"].figures["later_week_points"] == growth.LATER_WEEK_POINTS[0]
    assert entries["pve-growth-cap"].figures["most_points"] == growth.MOST_POINTS
    low, high = growth.NEVER_REACH_SURGERY_PERCENT
    assert entries["pve-drop-out"].figures == {"low_percent": low, "high_percent": high}
    threshold = entries["debulking-threshold"].figures["threshold_percent"]
    assert threshold == defaults.type.debulking_threshold_percent
    gray = entries["gray-band"].figures
    assert (gray["low_percent"], gray["high_percent"]) == defaults.type.gray_band_percent
    assert entries["limited-number"].figures["max_lesions"] == defaults.type.limited_max_lesions
    cleared = entries["cleared-lesion"].figures["cleared_percent"]
    assert cleared == pytest.approx(100 * defaults.lesion.cleared_fraction)


def test_a_wrong_file_is_refused() -> None:
    assert list(parse_evidence(ENTRY.format(id="a-1", status="read"))) == ["a-1"]
    for text in (
        ENTRY.format(id="A b", status="read"),
        ENTRY.format(id="a-1", status="sure"),
        ENTRY.format(id="a-1", status="read") + 'author = "x"\n',
        ENTRY.format(id="a-1", status="read").replace('statement = "S."', ""),
    ):
        with pytest.raises(ValueError, match="validation error"):
            parse_evidence(text)
    with pytest.raises(ValueError, match="used twice: a-1"):
        parse_evidence(ENTRY.format(id="a-1", status="read") * 2)
