"""The documents say what the code does."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from netlm_imaging.clinical import Clinical
from netlm_imaging.plan.devices import catalogue, device_of
from netlm_imaging.settings import PullBackSettings, Settings

ROOT = Path(__file__).parents[1]


def test_every_setting_is_documented_with_its_default() -> None:
    rows = re.findall(r"^\| `([\w.]+)` \| ([^|]+) \|", (ROOT / "docs/settings.md").read_text(), re.MULTILINE)
    documented = {key: None if value.strip() == "none" else json.loads(value) for key, value in rows}
    assert documented == dict(flat(Settings().model_dump(mode="json")))


def test_every_clinical_fact_is_documented() -> None:
    keys = re.findall(r"^\| (`[^|]+`) \|", (ROOT / "docs/clinical.md").read_text(), re.MULTILINE)
    documented = [key for cell in keys for key in re.findall(r"`(\w+)`", cell)]
    assert sorted(documented) == sorted(Clinical.model_fields)


def flat(table: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in table.items():
        if isinstance(value, dict):
            yield from flat(value, f"{prefix}{key}.")
        else:
            yield prefix + key, value


def test_every_device_is_documented_with_its_zone_and_evidence() -> None:
    rows = re.findall(
        r"^\| `([\w.-]+)` \| [^|]+ \| (\d) \| ([\d. x]+) \| ([\d.]+) \| ([^|]+) \|",
        (ROOT / "docs/devices.md").read_text(),
        re.MULTILINE,
    )
    documented = [(id_, int(n), zone, float(shrink), kind.strip()) for id_, n, zone, shrink, kind in rows]
    assert documented == [
        (
            entry.id,
            entry.probes,
            " x ".join(f"{axis:g}" for axis in entry.zone_mm),
            device_of(entry, PullBackSettings()).shrink,
            entry.evidence,
        )
        for entry in catalogue()
    ]


def test_no_link_in_the_documents_is_dead() -> None:
    for document in [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")]:
        for target in re.findall(r"\]\((?!https?:)([^)#]+)\)", document.read_text()):
            assert (document.parent / target).exists(), f"{document.name}: {target}"


def test_the_readme_has_exactly_two_set_up_commands() -> None:
    commands = re.findall(r"^    make (\w+)", (ROOT / "README.md").read_text(), re.MULTILINE)
    assert commands == ["demo", "test"]


def test_every_code_about_suv_is_documented() -> None:
    sources = (ROOT / "netlm_imaging" / "ingest").glob("suv*.py")
    used = {code for source in sources for code in re.findall(r'"(SUV_\w+)"', source.read_text())}
    assert used == set(re.findall(r"`(SUV_\w+)`", (ROOT / "docs/suv.md").read_text()))


def test_every_command_of_a_review_is_documented() -> None:
    pytest.importorskip("napari")
    from napari_netlm.review_commands import COMMANDS

    rows = re.findall(r"^\|([\w, -]*)\| ([\w ]+) \|", (ROOT / "docs/review.md").read_text(), re.MULTILINE)
    documented = [(title.strip(), key.strip()) for key, title in rows if title.strip()]
    assert documented == [(c.title, c.key.replace("Control", "Ctrl")) for c in COMMANDS]
