"""Independent work on several cores: in order, at once, and ended by what goes wrong."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from netlm_imaging.plan import side_by_side as module
from netlm_imaging.plan.side_by_side import side_by_side


@pytest.fixture
def two_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_cores", lambda: 2)


@pytest.mark.parametrize(("asked", "cores"), [("1", 1), ("100000", 0), ("", 0), ("0", 0), ("2,1", 0)])
def test_no_more_threads_than_asked_for(monkeypatch: pytest.MonkeyPatch, asked: str, cores: int) -> None:
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    usable = module._cores()
    monkeypatch.setenv("OMP_NUM_THREADS", asked)
    assert module._cores() == (cores or usable)


@pytest.mark.usefixtures("two_cores")
def test_two_pieces_of_work_go_on_at_once_and_come_in_order() -> None:
    met = threading.Barrier(2)

    def work(number: int) -> int:
        met.wait(timeout=30.0)  # of one alone, nobody would come
        return 10 * number

    told: list[int] = []
    assert side_by_side(work, [3, 1, 2, 4], tell=told.append) == [30, 10, 20, 40]
    assert told == [3, 1, 2, 4]


class Stopped(Exception):
    pass


@pytest.mark.usefixtures("two_cores")
@pytest.mark.parametrize("by", ["work", "tell"])
def test_what_is_raised_ends_the_rest(monkeypatch: pytest.MonkeyPatch, by: str) -> None:
    hold, begun = threading.Event(), list[int]()

    class Threads(ThreadPoolExecutor):
        def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
            super().shutdown(wait=False, cancel_futures=cancel_futures)
            hold.set()
            super().shutdown(wait=wait)

    def work(number: int) -> None:
        begun.append(number)
        if number > 0:
            hold.wait(timeout=30.0)
        elif by == "work":
            raise Stopped

    def tell(number: int) -> None:
        if number == 1 and by == "tell":
            raise Stopped

    monkeypatch.setattr(module, "ThreadPoolExecutor", Threads)
    with pytest.raises(Stopped):
        side_by_side(work, range(100), tell=tell)
    assert len(begun) <= 4
