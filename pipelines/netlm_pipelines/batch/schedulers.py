"""Who does the work: this process, the cores of this machine, or a cluster."""

from __future__ import annotations

import logging
import secrets
import signal
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from importlib import import_module
from itertools import islice
from multiprocessing import resource_tracker
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any, Protocol

from netlm_imaging.errors import Fault, MissingExtra, UsageError
from netlm_pipelines.batch.order import Study
from netlm_pipelines.batch.outcome import Outcome

if TYPE_CHECKING:
    from distributed import Client

Work = Callable[[Study], Outcome]
ANSWER_WITHIN_S = 10.0
"""Of a scheduler that is asked for."""
LOOK_EVERY_S = 5.0
"""For workers that have come meanwhile: a queue gives them one by one."""
SHARED_MEMORY = 0.9
"""Of the machine, for all studies together."""


class Scheduler(Protocol):
    """Does work on studies, in any order, and tells each outcome as it comes.

    A study whose worker is lost is done again elsewhere; one that is lost again and again has failed
    (WORKER_LOST). ``run`` raises UsageError SCHEDULER_LOST when nothing more can come.
    """

    @property
    def running(self) -> int:
        """Studies that are at work now."""
        ...

    def run(self, work: Work, studies: Iterable[Study]) -> Iterator[Outcome]:
        """Outcomes of all studies."""
        ...


class InThisProcess:
    """One study after the other, each still in its own child process. Needs no cluster."""

    running = 0

    def run(self, work: Work, studies: Iterable[Study]) -> Iterator[Outcome]:
        """Outcomes in the order of the studies."""
        self.running = 1
        yield from map(work, studies)
        self.running = 0


class OnDask:
    """One Dask task a study, on whatever the client is connected to."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._places = 0
        self._handed_out: dict[str, str] = {}

    @property
    def running(self) -> int:
        """Those that have a worker; none where no worker is there yet."""
        return min(len(self._handed_out), self._places)

    @property
    def places(self) -> int:
        """Studies that can run at once on the workers that are there now."""
        return sum(self._client.nthreads().values())

    @property
    def dashboard(self) -> str:
        """Address of the page in the browser."""
        return str(self._client.dashboard_link)

    def run(self, work: Work, studies: Iterable[Study]) -> Iterator[Outcome]:
        """Outcomes as they come. No more studies are handed out than can run at once.

        Dask would give a worker the next one while it still has one, and leave it there although
        another is free; handing it out a moment later costs less than that, and memory stays flat.
        """
        waiting, over, names = iter(studies), SimpleQueue[Any](), self._handed_out
        batch = secrets.token_hex(4)  # others may run the same names on the same cluster

        def hand_out() -> None:
            for study in islice(waiting, self._free()):
                future = self._client.submit(work, study, key=f"study-{batch}-{study.name}", pure=False)
                names[str(future.key)] = study.name
                future.add_done_callback(over.put)

        names.clear()
        hand_out()
        while names:
            try:
                future = over.get(timeout=LOOK_EVERY_S)
            except Empty:
                hand_out()  # to workers that have come meanwhile
                continue
            outcome = _result(future, names.pop(str(future.key)))
            future.release()
            if outcome is None:
                raise _scheduler_lost()
            yield outcome
            hand_out()

    def _free(self) -> int:
        """Studies to hand out now. Where no worker is there yet, one: it shows that some are needed."""
        with suppress(OSError):  # the outcomes tell when the scheduler is lost for good
            self._places = self.places
        return max(self._places, 1) - len(self._handed_out)


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


def local_workers() -> int:
    """One a core of this machine. Raises MissingExtra."""
    _require_dask()
    from dask.system import CPU_COUNT

    return int(CPU_COUNT)


def local_share(workers: int) -> int:
    """Bytes of this machine's memory for each study when so many run at once. Raises MissingExtra."""
    _require_dask()
    from distributed.system import MEMORY_LIMIT

    return int(SHARED_MEMORY * MEMORY_LIMIT) // workers


@contextmanager
def local_dask(*, workers: int, dashboard_port: int = 0) -> Iterator[OnDask]:
    """Worker processes on this machine, seen by no other: one study at a time in each.

    They have no memory limit: they only wait for the process of their study, which has its own.
    """
    _require_dask()
    from distributed import Client, LocalCluster

    with suppress(ImportError):
        # The dashboard's threads import it, if it is there, all at once and see it half imported (bokeh 3).
        import_module("pandas")
    with _deaf_to_ctrl_c():
        cluster = LocalCluster(
            n_workers=workers,
            threads_per_worker=1,
            memory_limit=None,
            host="127.0.0.1",
            dashboard_address=f"127.0.0.1:{dashboard_port}",
            silence_logs=logging.CRITICAL,
        )
    with cluster, Client(cluster) as client:
        yield OnDask(client)


@contextmanager
def _deaf_to_ctrl_c() -> Iterator[None]:
    """A terminal sends Ctrl-C to workers too, which would all die with a traceback. This process ends them.

    Threads and processes inherit what their creator has blocked; what comes meanwhile is told afterwards.
    """
    resource_tracker.ensure_running()  # it unblocks the signal in the thread that starts it (Python 3.11)
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextmanager
def dask_at(address: str) -> Iterator[OnDask]:
    """A cluster that runs already. Raises UsageError SCHEDULER_UNREACHABLE."""
    _require_dask()
    from distributed import Client

    try:
        client = Client(address, timeout=ANSWER_WITHIN_S)
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
