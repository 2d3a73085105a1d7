"""Independent work on several cores at once.

Most of the time that candidates take is spent in libraries that let other threads run meanwhile. Threads
share the workspace's arrays, which processes would copy.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

MOST_THREADS = 4
"""More would wait for each other: part of the work is Python's own."""


def side_by_side(
    work: Callable[[Item], Result], items: Iterable[Item], *, tell: Callable[[Item], None] | None = None
) -> list[Result]:
    """``work`` of each of ``items``, in their order.

    ``tell`` is called with each item before its result is waited for. What it or ``work`` raises ends
    all: work that has not begun is dropped.
    """
    threads = ThreadPoolExecutor(min(MOST_THREADS, _cores()), thread_name_prefix="plan")
    try:
        found = []
        for item, made in [(item, threads.submit(work, item)) for item in items]:
            if tell is not None:
                tell(item)
            found.append(made.result())
        return found
    finally:
        threads.shutdown(cancel_futures=True)


def _cores() -> int:
    """As many as this process may use; at most ``OMP_NUM_THREADS``, which ``netlm batch`` sets."""
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    asked = os.environ.get("OMP_NUM_THREADS", "")
    return min(usable, int(asked)) if asked.isdecimal() and int(asked) > 0 else usable
