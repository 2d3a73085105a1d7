"""Real windows for tests: whether there can be one, and how to wait for it."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

PROBE = """
from qtpy.QtGui import QOffscreenSurface, QOpenGLContext
from qtpy.QtWidgets import QApplication

app = QApplication([])
surface = QOffscreenSurface()
surface.create()
context = QOpenGLContext()
assert context.create() and context.makeCurrent(surface), "no OpenGL"
"""
"""In a process of its own: Qt ends the process that it cannot open a window in."""


def why_no_window() -> str:
    """Why there can be no window with OpenGL; empty where there can."""
    if sys.platform.startswith("linux") and not {"DISPLAY", "WAYLAND_DISPLAY"} & set(os.environ):
        return "no display: make test starts one where xvfb-run is installed"
    probe = subprocess.run([sys.executable, "-c", PROBE], capture_output=True, text=True, timeout=60)
    if probe.returncode == 0:
        return ""
    said = [line for line in probe.stderr.splitlines() if line.strip()] or ["no reason given"]
    return f"no window with OpenGL: {said[-1].strip()[:200]}"


def wait_for(what: Callable[[], object], *, seconds: float = 60.0) -> None:
    """Let the window live until ``what`` is true."""
    from qtpy.QtWidgets import QApplication

    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, "waited in vain"
        QApplication.processEvents()
        time.sleep(0.005)
    for _ in range(5):
        QApplication.processEvents()


@contextmanager
def counted_events(widget: Any, name: str) -> Iterator[list[str]]:
    """One entry for each event of that name of Qt which the widget gets: ``UpdateRequest`` draws a window."""
    from qtpy.QtCore import QEvent, QObject

    kind, found = getattr(QEvent.Type, name), []

    class Filter(QObject):  # type: ignore[misc]
        def eventFilter(self, _watched: Any, event: Any) -> bool:  # noqa: N802 Qt's name
            if event.type() == kind:
                found.append(name)
            return False

    counting = Filter()
    widget.installEventFilter(counting)
    try:
        yield found
    finally:
        widget.removeEventFilter(counting)
