"""Many studies: a batch that loses nothing, on one machine or a cluster. Read ``flow.py`` first."""

from netlm_pipelines.batch.check import Selection
from netlm_pipelines.batch.flow import Summary, plan_batch, run_batch
from netlm_pipelines.batch.manifest import read_studies
from netlm_pipelines.batch.order import Limits, Order, Study
from netlm_pipelines.batch.schedulers import InThisProcess, OnDask, Scheduler, dask_at, local_dask

__all__ = [
    "InThisProcess",
    "Limits",
    "OnDask",
    "Order",
    "Scheduler",
    "Selection",
    "Study",
    "Summary",
    "dask_at",
    "local_dask",
    "plan_batch",
    "read_studies",
    "run_batch",
]
