"""``netlm view`` where there is nothing to open, no display, or no napari."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from pipelines.conftest import Netlm


def test_a_path_that_is_not_there_is_said_before_a_window_opens(netlm: Netlm, tmp_path: Path) -> None:
    said = netlm("view", tmp_path / "nowhere")
    assert said.code == 3
    assert "NOT_FOUND" in said.err


def test_images_that_are_not_there_are_said_too(netlm: Netlm, tmp_path: Path) -> None:
    said = netlm("view", tmp_path, "--images", tmp_path / "nowhere")
    assert said.code == 3
    assert "nowhere" in said.err


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux runs without a display")
def test_without_a_display_it_is_said_what_to_do(
    netlm: Netlm, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(name, raising=False)
    said = netlm("view", tmp_path)
    assert said.code == 2
    assert "NO_DISPLAY" in said.err


def test_without_napari_the_extra_is_named(
    netlm: Netlm, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "napari", None)  # as if it were not installed
    said = netlm("view", tmp_path)
    assert said.code == 2
    assert "MISSING_EXTRA" in said.err
    assert "netlm-imaging[viewer]" in said.err
