"""A batch on a SLURM cluster: python slurm_batch.py MANIFEST.csv /shared/results"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from distributed import Client

from netlm_pipelines.batch.flow import Summary, run_batch
from netlm_pipelines.batch.manifest import read_studies
from netlm_pipelines.batch.order import STANDARD_FLOW, Limits, Order
from netlm_pipelines.batch.schedulers import OnDask


def run_on(cluster: Any, studies: Path, out: Path, *, flow: str = STANDARD_FLOW) -> Summary:
    """One study at a time on each worker of any Dask cluster; studies and results on a shared disk."""
    limits = Limits(timeout_s=3600, memory_bytes=7 * 2**30, free_bytes=20 * 2**30, threads=2)
    order = Order(out=out.resolve(), limits=limits, flow=flow)
    with Client(cluster) as client:
        return run_batch(read_studies(studies.resolve()), order, OnDask(client))


def main() -> None:
    """25 jobs of eight workers each; studies start on the first one that the queue gives."""
    from dask_jobqueue import SLURMCluster

    cluster = SLURMCluster(
        queue="normal",
        walltime="12:00:00",
        cores=8,  # threads of Dask: one for each process, so one study at a time in each
        processes=8,
        memory="64GB",
        job_cpu=16,  # two processors a study
        worker_extra_args=["--lifetime", "11h", "--lifetime-stagger", "30m"],  # end before the job does
        local_directory="/tmp",
    )
    # As many at least as at most: a job that has ended is asked for again. Dask cannot choose the number
    # itself, for a batch hands out no more studies than there are workers.
    cluster.adapt(minimum_jobs=25, maximum_jobs=25)
    summary = run_on(cluster, Path(sys.argv[1]), Path(sys.argv[2]))
    sys.exit(1 if summary.failed else 0)


if __name__ == "__main__":
    main()
