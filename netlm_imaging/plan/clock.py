"""The time that is left for all searches of one set of devices."""

from __future__ import annotations

import time
from dataclasses import dataclass

LEAST_SECONDS = 0.1
"""Every search gets so much: enough for small problems."""


@dataclass(frozen=True, slots=True)
class Clock:
    """What one search does not use is left to those after it."""

    deadline: float

    @classmethod
    def of(cls, seconds: float) -> Clock:
        """From now on."""
        return cls(time.monotonic() + seconds)

    def share(self, part: float) -> float:
        """Seconds: this part of what is left."""
        return max(LEAST_SECONDS, part * (self.deadline - time.monotonic()))
