"""Saves the work on a desk after each change, in a thread of its own; no Qt."""

from __future__ import annotations

import atexit
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from threading import Condition, Lock, Thread
from typing import Any

from napari_netlm.desk import Desk
from napari_netlm.work import save_mask, save_records, save_stroke
from netlm_imaging.errors import UsageError
from netlm_imaging.volume import LabelMap

DELAY_S = 0.3
"""From a change to its writing: strokes that follow at once are written together."""
RETRY_S = 5.0


class Autosave:
    """Writes what has changed on ``desk`` into ``folder``, a fraction of a second after it changed."""

    def __init__(self, desk: Desk, folder: Path, *, delay_s: float = DELAY_S) -> None:
        self.saved: datetime | None = None
        """When the last change was written."""
        self.trouble: UsageError | None = None
        """Why the last change is not written; it is tried again."""
        self.folder = folder
        self._desk, self._delay_s = desk, delay_s
        self._changed: set[str] = set()
        self._drawn: set[str] = set()
        """Masks with strokes whose brush was still down."""
        self._wake, self._writing = Condition(), Lock()
        self._closing = False
        desk.changed.connect(self.mark)
        desk.stroke.connect(self.mark_stroke)
        desk.viewer.layers.events.removing.connect(self.flush)  # what goes can no longer be written
        desk.closed.connect(self.close)
        atexit.register(self.close)
        self._thread = Thread(target=self._run, name="netlm-autosave", daemon=True)
        self._thread.start()

    @property
    def pending(self) -> bool:
        """Something has changed that is not written yet."""
        return bool(self._changed or self._drawn)

    def mark(self, name: str) -> None:
        """A mask or record has changed."""
        with self._wake:
            self._changed.add(name)
            self._wake.notify()

    def mark_stroke(self, key: str) -> None:
        """A mask is being drawn on: kept apart until the stroke is a step that all know of."""
        with self._wake:
            self._drawn.add(key)
            self._wake.notify()

    def flush(self) -> None:
        """Write now what has changed; ``trouble`` says why it could not."""
        with self._writing:
            with self._wake:
                names, self._changed = self._changed, set()
                drawn, self._drawn = self._drawn, set()
            try:
                for name in sorted(names):
                    self._write(name)
                for key in drawn - names:
                    self._write(key, save_stroke)
            except UsageError as error:
                self.trouble = error
                with self._wake:
                    self._changed |= names
                    self._drawn |= drawn
                return
            if names or drawn:
                self.saved, self.trouble = datetime.now(), None

    def close(self) -> None:
        """Write what is left and stop."""
        self._desk.viewer.layers.events.removing.disconnect(self.flush)
        atexit.unregister(self.close)
        with self._wake:
            self._closing = True
            self._wake.notify()
        self.flush()

    def _run(self) -> None:
        while True:
            with self._wake:
                self._wake.wait_for(lambda: self.pending or self._closing)
                if self._closing:
                    return
                self._wake.wait_for(self._is_closing, timeout=RETRY_S if self.trouble else self._delay_s)
                if self._closing:
                    return
            self.flush()

    def _is_closing(self) -> bool:
        return self._closing

    def _write(self, name: str, save: Callable[[Path, str, LabelMap], None] = save_mask) -> None:
        desk: Any = self._desk
        if desk.layer(name) is not None:
            save(self.folder, name, desk.labels(name))
        elif name in desk.records:
            save_records(self.folder, dict(desk.records))
