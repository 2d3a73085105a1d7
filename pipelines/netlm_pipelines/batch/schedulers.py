"""Who does the work: this process, the cores of this machine, or a cluster."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from importlib import import_module
from itertools import islice
from typing import TYPE_CHECKING, Any, Protocol

from netlm_imaging.errors import Fault, MissingExtra, UsageError
from netlm_pipelines.batch.order import Study
from netlm_pipelines.batch.outcome import Outcome

if TYPE_CHECKING:
    from distributed import Client

Work = Callable[[Study], Outcome]
SHARED_MEMORY = 0.9
"""Of the machine, for all studies together."""


class Scheduler(Protocol):
    """Does work on studies, in any order, and tells each outcome as it comes.

    A study whose worker is lost is done again elsewhere; one that is lost again and again has failed
    (WORKER_LOST). ``run`` raises UsageError SCHEDULER_LOST when nothing more can come.
    """

    @property
    def places(self) -> int:
        """Studies that run at once."""
        ...

    def run(self, work: Work, studies: Iterable[Study]) -> Iterator[Outcome]:
        """Outcomes of all studies."""
        ...


class InThisProcess:
    """One study after the other, each still in its own child process. Needs no cluster."""

    places = 1

    def run(self, work: Work, studies: Iterable[Study]) -> Iterator[Outcome]:
        """Outcomes in the order of the studies."""
        return map(work, studies)


class OnDask:
    """One Dask task a study, on whatever the client is connected to."""

    def __init__(self, client: Client) -> None:
        self._client = client

    @property
    def places(self) -> int:
        """Threads of all workers that are there now."""
        return max(int(sum(self._client.nthreads().values())), 1)

    @property
    def dashboard(self) -> str:
        """Address of the page in the browser."""
        return str(self._client.dashboard_link)

    def run(self, work: Work, studies: Iterable[Study]) -> Iterator[Outcome]:
        """Outcomes as they come. No more studies are handed out than can run at once.

        Dask would give a worker the next one while it still has one, and leave it there although
        another is free; handing it out a moment later costs less than that, and memory stays flat.
        """
        from distributed import as_completed

        waiting, names = iter(studies), {}
        running = as_completed()
        batch = secrets.token_hex(4)  # others may run the same names on the same cluster

        def hand_out(count: int) -> None:
            for study in islice(waiting, count):
                future = self._client.submit(work, study, key=f"study-{batch}-{study.name}", pure=False)
                names[future.key] = study.name
                running.add(future)

        hand_out(self.places)
        for future in running:
            outcome = _result(future, names.pop(future.key))
            future.release()
            if outcome is None:
                raise _scheduler_lost()
            yield outcome
            hand_out(max(self.places - len(names), 0))


def _result(future: Any, study: str) -> Outcome | None:
    """None: the scheduler is gone. Work raises nothing, so an error here is the cluster's."""
    from distributed import KilledWorker

    if future.status == "finished":
        outcome: Outcome = future.result()
        return outcome
    if future.status != "error":
        return None
    error = future.exception()
    if isinstance(error, KilledWorker):
        fault = Fault(
            code="WORKER_LOST",
            expected="a worker that lives through the study",
            found="several that were lost",
            remedy="Look whether the machine ends processes for want of memory",
        )
    else:
        fault = Fault(code="BUG", expected="an outcome", found=type(error).__name__, where="a worker")
    return Outcome(study=study, status="failed", faults=(fault,))


@contextmanager
def local_dask(
    *, workers: int | None = None, memory_bytes: int | None = None, dashboard_port: int = 0
) -> Iterator[OnDask]:
    """Worker processes on this machine, seen by no other: one study at a time in each.

    ``workers`` is one a core, ``memory_bytes`` (of each) an equal share, unless they are given.
    """
    _require_dask()
    from dask.system import CPU_COUNT
    from distributed import Client, LocalCluster
    from distributed.system import MEMORY_LIMIT

    with suppress(ImportError):
        # The dashboard's threads import it, if it is there, all at once and see it half imported (bokeh 3).
        import_module("pandas")
    count = workers or CPU_COUNT
    cluster = LocalCluster(
        n_workers=count,
        threads_per_worker=1,
        memory_limit=memory_bytes or int(SHARED_MEMORY * MEMORY_LIMIT) // count,
        host="127.0.0.1",
        dashboard_address=f"127.0.0.1:{dashboard_port}",
        silence_logs=logging.CRITICAL,
    )
    with cluster, Client(cluster) as client:
        yield OnDask(client)


@contextmanager
def dask_at(address: str) -> Iterator[OnDask]:
    """A cluster that runs already. Raises UsageError SCHEDULER_UNREACHABLE."""
    _require_dask()
    from distributed import Client

    try:
        client = Client(address, timeout="10s")
    except (OSError, ValueError, TimeoutError):
        client = None
    if client is None:
        raise UsageError(
            Fault(
                code="SCHEDULER_UNREACHABLE",
                expected="a Dask scheduler, such as tcp://host:8786",
                found="none that answers",
                where="--scheduler",
                remedy="Start one by dask scheduler, and workers by dask worker",
            )
        )
    with client:
        yield OnDask(client)


def _require_dask() -> None:
    try:
        import distributed  # noqa: F401
    except ImportError as error:
        raise MissingExtra("distributed", "batch") from error


def _scheduler_lost() -> UsageError:
    return UsageError(
        Fault(
            code="SCHEDULER_LOST",
            expected="a scheduler until the last study is done",
            found="none that answers any more",
            where="--scheduler",
            remedy="Start the batch again: what is done stays done",
        )
    )
