"""Where long work is done: in a thread of the window, or at once in scripts and tests; no Qt."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from netlm_imaging.errors import NetlmError

Job = Callable[[], Any]
Runner = Callable[[Job, Callable[[Any], None]], None]
"""Does a job somewhere, then hands over its result, or its exception, where it was called from."""


def attempted(job: Job) -> Any:
    """The result of ``job``, or the exception that it ended with."""
    try:
        return job()
    except Exception as error:  # handed over, and raised there unless it is a refusal
        return error


def at_once(job: Job, done: Callable[[Any], None]) -> None:
    """Here and now."""
    done(attempted(job))


def refusal(answer: Any) -> NetlmError | None:
    """The refusal that ``answer`` is; None for a result. Raises any other exception: a bug."""
    if isinstance(answer, NetlmError):
        return answer
    if isinstance(answer, Exception):
        raise answer
    return None
