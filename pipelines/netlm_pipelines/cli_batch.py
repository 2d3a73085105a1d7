"""``netlm batch``: arguments in, one call into the flow, words out."""

from __future__ import annotations

import os
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from netlm_imaging.errors import Fault, UsageError
from netlm_imaging.settings import Settings, read_toml, validated
from netlm_pipelines import show_batch

if TYPE_CHECKING:
    from netlm_pipelines.batch.schedulers import OnDask

EXIT_SOME_FAILED = 1
EXIT_INTERRUPTED = 130
"""As shells have it: 128 and the number of the signal of Ctrl-C."""


def batch(
    studies: Annotated[
        Path, typer.Argument(help="Folder with one folder or zip a study, or a manifest (CSV).")
    ],
    out: Annotated[Path, typer.Option("--out", help="Folder of the results; the same one goes on.")],
    workers: Annotated[int | None, typer.Option(min=1, help="Studies at once; else one a core.")] = None,
    scheduler: Annotated[
        str | None, typer.Option(metavar="ADDRESS", help="A Dask cluster that runs, as tcp://host:8786.")
    ] = None,
    settings: Annotated[
        Path | None, typer.Option("--settings", help="TOML for all studies; a study's own settings win.")
    ] = None,
    segmenter: Annotated[str, typer.Option(help="For the masks that are not given.")] = "classical",
    flow: Annotated[str | None, typer.Option(metavar="MODULE:FUNCTION", help="A flow of your own.")] = None,
    timeout_minutes: Annotated[
        float, typer.Option(min=0.01, help="A study that takes longer is ended.")
    ] = 60.0,
    memory_gb: Annotated[
        float | None, typer.Option(min=0.1, help="A study that takes more is ended; else its share.")
    ] = None,
    min_free_gb: Annotated[float, typer.Option(min=0.0, help="Free space that each study needs.")] = 2.0,
    limit: Annotated[int | None, typer.Option(min=1, help="Compute at most so many.")] = None,
    only_failed: Annotated[
        bool, typer.Option("--only-failed", help="Compute those that failed, again.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be computed and why.")] = False,
    dashboard_port: Annotated[int, typer.Option(min=0, max=65535, help="Of the page; 0: any.")] = 0,
    resample_uneven: Annotated[bool, typer.Option("--resample-uneven", help="As of netlm run.")] = False,
    assume_affine: Annotated[bool, typer.Option("--assume-affine", help="As of netlm run.")] = False,
    force: Annotated[bool, typer.Option("--force", help="As of netlm run.")] = False,
    keep_identifiers: Annotated[
        bool, typer.Option("--keep-identifiers", help="As of netlm run; --dry-run also shows the paths.")
    ] = False,
) -> None:
    """Many studies; goes on where it was; a bad study never stops the others."""
    _require_posix()
    from netlm_pipelines.batch.check import Selection
    from netlm_pipelines.batch.flow import plan_batch, run_batch
    from netlm_pipelines.batch.folder import passed_over
    from netlm_pipelines.batch.manifest import read_studies
    from netlm_pipelines.batch.order import STANDARD_FLOW, Limits, Order
    from netlm_pipelines.batch.progress import Progress

    table = read_toml(settings)
    _require_known(validated(Settings, table, code="BAD_SETTINGS", where="settings"), segmenter, flow)
    _require_apart(studies, out)
    order = Order(
        out=out.resolve(),
        flow=flow or STANDARD_FLOW,
        settings=table,
        segmenter=segmenter,
        keep_identifiers=keep_identifiers,
        resample_uneven=resample_uneven,
        assume_affine=assume_affine,
        force=force,
        limits=Limits(
            timeout_s=60 * timeout_minutes,
            memory_bytes=_memory(memory_gb, scheduler, workers),
            free_bytes=int(min_free_gb * 2**30),
        ),
    )
    found, selection = read_studies(studies), Selection(limit=limit, only_failed=only_failed)
    show_batch.found(len(found), passed_over(studies))
    if dry_run:
        show_batch.planned(plan_batch(found, order, selection=selection), len(found), paths=keep_identifiers)
        return
    try:
        with _dask(scheduler, workers, dashboard_port) as cluster:
            show_batch.cluster(cluster.dashboard, cluster.places)
            summary = run_batch(found, order, cluster, selection=selection, progress=Progress())
    except KeyboardInterrupt:
        show_batch.interrupted()
        raise typer.Exit(EXIT_INTERRUPTED) from None
    show_batch.summary(summary)
    if summary.failed:
        raise typer.Exit(EXIT_SOME_FAILED)


def _memory(gb: float | None, address: str | None, workers: int | None) -> int | None:
    """Of one study; None: the share that its worker on a cluster has."""
    from netlm_pipelines.batch.schedulers import local_share, local_workers

    if gb is not None:
        return int(gb * 2**30)
    return None if address else local_share(workers or local_workers())


def _dask(address: str | None, workers: int | None, port: int) -> AbstractContextManager[OnDask]:
    from netlm_pipelines.batch.schedulers import dask_at, local_dask, local_workers

    if address is None:
        return local_dask(workers=workers or local_workers(), dashboard_port=port)
    if workers is not None:
        raise UsageError(
            Fault(
                code="BAD_USAGE",
                expected="--workers or --scheduler",
                found="both",
                remedy="A cluster has the workers that were started for it",
            )
        )
    return dask_at(address)


def _require_known(settings: Settings, segmenter: str, flow: str | None) -> None:
    """What every study would be refused for, before the work; a flow of one's own has its own names."""
    from netlm_imaging.plan.devices import comparison_devices
    from netlm_imaging.plan.fixes import require_known
    from netlm_imaging.segment import segmenter_named

    if flow is None:
        segmenter_named(segmenter)
        comparison_devices(settings)
        require_known(settings)


def _require_apart(studies: Path, out: Path) -> None:
    """Results among the studies would be the next batch's studies."""
    if studies.is_dir() and out.resolve().is_relative_to(studies.resolve()):
        raise UsageError(
            Fault(
                code="OUT_AMONG_STUDIES",
                expected="a folder outside the studies",
                found="one inside",
                where="--out",
                remedy="Choose another folder",
            )
        )


def _require_posix() -> None:
    """Process groups, memory limits and locks are those of POSIX."""
    if os.name != "posix":
        raise UsageError(
            Fault(
                code="SYSTEM_UNSUPPORTED",
                expected="Linux or macOS",
                found=os.name,
                remedy="Run the batch there, or single studies by netlm run",
            )
        )
