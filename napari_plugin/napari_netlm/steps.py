"""Steps of a review that can be undone and done again, edits and judgements in one order; no Qt."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from netlm_imaging.review import Change, Part, Status

Landmarks = Mapping[str, tuple[float, float, float]]
"""LPS mm, by name."""
Judged = tuple[tuple[int, Status], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What can be undone: an edit of a mask, landmarks and judgements, alone or with it."""

    part: Part
    change: Change | None = None
    before: Judged = ()
    after: Judged = ()
    landmarks: tuple[Landmarks, Landmarks] | None = None
    """All of them before and after; None where they stay."""


class History:
    """What was done and what was taken back.

    The viewer keeps its own list for each mask, by which its keys undo; this one recognizes what they did.
    """

    def __init__(self) -> None:
        self._done: list[Step] = []
        self._undone: list[Step] = []

    @property
    def last_done(self) -> Step | None:
        """What ``undo`` would take back."""
        return self._done[-1] if self._done else None

    @property
    def last_undone(self) -> Step | None:
        """What ``redo`` would do again."""
        return self._undone[-1] if self._undone else None

    def keep(self, step: Step) -> None:
        """Something new was done: what was taken back before is gone."""
        self._done.append(step)
        self._undone.clear()

    def took_back(self) -> None:
        """The last step was undone."""
        self._undone.append(self._done.pop())

    def did_again(self) -> None:
        """The last step that was taken back was done again."""
        self._done.append(self._undone.pop())

    def recognized(self, part: Part, change: Change) -> tuple[Literal["undo", "redo"], Step] | None:
        """Whether ``change`` takes back the last edit of a mask, or does it again; keeps that in mind."""
        done, undone = _last(self._done, part), _last(self._undone, part)
        if done is not None and _same(self._done[done].change, change.undone()):
            self._undone.append(self._done.pop(done))
            return "undo", self._undone[-1]
        if undone is not None and _same(self._undone[undone].change, change):
            self._done.append(self._undone.pop(undone))
            return "redo", self._done[-1]
        return None


def _last(steps: list[Step], part: Part) -> int | None:
    """The place of the last edit of a mask."""
    edits = [n for n, step in enumerate(steps) if step.part == part and step.change is not None]
    return edits[-1] if edits else None


def _same(first: Change | None, second: Change) -> bool:
    return (
        first is not None
        and np.array_equal(first.voxels, second.voxels)
        and np.array_equal(first.new, second.new)
        and np.array_equal(first.old, second.old)
    )
