"""The documents say what the code does."""

from __future__ import annotations

import json
import re
from pathlib import Path

from netlm_imaging.settings import Settings

ROOT = Path(__file__).parents[1]


def test_every_setting_is_documented_with_its_default() -> None:
    rows = re.findall(r"^\| `([\w.]+)` \| ([^|]+) \|", (ROOT / "docs/settings.md").read_text(), re.MULTILINE)
    documented = {key: None if value.strip() == "none" else json.loads(value) for key, value in rows}
    actual = {
        f"{section}.{key}": value
        for section, values in Settings().model_dump(mode="json").items()
        for key, value in values.items()
    }
    assert documented == actual


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
