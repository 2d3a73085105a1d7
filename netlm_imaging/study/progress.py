"""How long work says where it is, to whoever shows it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Protocol


class Progress(Protocol):
    """Told of each stage and of the steps within it."""

    def stage(self, name: str, **facts: Any) -> AbstractContextManager[dict[str, Any]]:
        """One stage; what the block adds to the yielded dict is kept with it."""
        ...

    def say(self, text: str) -> None:
        """A step within a stage."""
        ...


class Silent:
    """Shows nothing."""

    @contextmanager
    def stage(self, name: str, **facts: Any) -> Iterator[dict[str, Any]]:
        """The block, run."""
        yield {}

    def say(self, text: str) -> None:
        """Nothing."""
