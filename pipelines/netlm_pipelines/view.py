"""The viewer from the command line: napari with the plugin, which is found by its name."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

from netlm_imaging.errors import Fault, InputError, MissingExtra, UsageError

PLUGIN = "netlm-imaging"


def view(path: Path | None, *, images: Path | None = None) -> None:
    """Open a window and, in it, ``path``; returns when it is closed.

    Raises MissingExtra without napari, UsageError (NO_DISPLAY), InputError (NOT_FOUND).
    """
    for given in (path, images):
        if given is not None and not given.exists():
            raise InputError(_not_found(given))
    napari = _napari()
    _require_display()
    viewer = napari.Viewer(title="NETLM imaging")
    _, study = viewer.window.add_plugin_dock_widget(PLUGIN, "Study")
    if path is not None:
        study.open_path(path, images)
    napari.run()


def _napari() -> Any:
    try:
        import napari
        import qtpy  # noqa: F401
    except ImportError:  # of napari, or of every Qt binding
        raise MissingExtra("napari", "viewer") from None
    return napari


def _require_display() -> None:
    """Qt ends the process where it finds no display."""
    named = {"DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"} & set(os.environ)
    if sys.platform.startswith("linux") and not named:
        raise UsageError(
            Fault(
                code="NO_DISPLAY",
                expected="a display to open a window on",
                found="neither DISPLAY nor WAYLAND_DISPLAY is set",
                remedy="Run it on a desktop, with ssh -X, or under xvfb-run",
            )
        )


def _not_found(path: Path) -> Fault:
    return Fault(
        code="NOT_FOUND", expected="a study or a case", found="nothing at this path", where=path.name
    )
