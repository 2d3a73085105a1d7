"""What a worker does with one study. The same study may be given twice: the second time it is kept."""

from __future__ import annotations

import shutil
import time
from dataclasses import replace

from netlm_imaging.errors import Fault, InputError, NetlmError, UsageError
from netlm_imaging.export.files import writing
from netlm_pipelines.batch.isolated import run_isolated
from netlm_pipelines.batch.keys import inputs_sha256, key_of, signature, software_sha256
from netlm_pipelines.batch.order import Order, Study, request_of
from netlm_pipelines.batch.outcome import Outcome
from netlm_pipelines.batch.sealed import commit, seal, state_of, work_folder

FREE_AGAIN = "DISK_FULL"
"""The only fault of a study that waiting may heal; lost workers are the scheduler's."""


def process(study: Study, order: Order, software: str) -> Outcome:
    """Compute, seal and commit one study; a failure is an Outcome, never an exception.

    ``software``: the hash that the batch was started with; a worker with another one computes nothing.
    """
    clock = time.perf_counter()
    outcome = _tried(study, order, software)
    for pause in order.limits.disk_pauses_s:
        if outcome.code != FREE_AGAIN:
            break
        time.sleep(pause)
        outcome = _tried(study, order, software)
    return replace(outcome, seconds=round(time.perf_counter() - clock, 3))


def _tried(study: Study, order: Order, software: str) -> Outcome:
    try:
        with writing("--out"):
            _require_same_software(order, software)
            return _computed(study, order)
    except NetlmError as error:
        return Outcome(study=study.name, status="failed", faults=error.faults)


def _computed(study: Study, order: Order) -> Outcome:
    before = signature(study)
    key = key_of(study, request_of(study, order, order.out), order, inputs=inputs_sha256(study))
    read = Outcome(study=study.name, status="kept", signature=before, inputs=key.inputs)
    place = order.cases / study.name
    if state_of(place, study=study.name, key=key) == "valid":
        return read
    require_free(order)
    with work_folder(order.work, study.name) as work:
        result = work / "result" / study.name
        result.parent.mkdir()
        ended = run_isolated(
            request_of(study, order, result),
            order.flow,
            work=work,
            timeout_s=order.limits.timeout_s,
            memory_bytes=order.limits.memory_bytes or _share(),
            threads=order.limits.threads,
        )
        if ended.faults:
            return replace(read, status="failed", faults=ended.faults, peak_bytes=ended.peak_bytes)
        _require_unchanged(study, before)
        seal(result, study=study.name, key=key)
        commit(result, place, trash=work)
    return replace(read, status="done", peak_bytes=ended.peak_bytes)


def require_free(order: Order) -> None:
    """Raises UsageError DISK_FULL where a study would fill the disk."""
    if shutil.disk_usage(order.out).free < order.limits.free_bytes:
        raise UsageError(
            Fault(
                code="DISK_FULL",
                expected=f"{order.limits.free_bytes / 2**30:.3g} GiB of free space",
                found="less",
                where="--out",
                remedy="Free some space, or ask for less by --min-free-gb",
            )
        )


def _require_same_software(order: Order, software: str) -> None:
    if software_sha256(order.flow) != software:
        raise UsageError(
            Fault(
                code="OTHER_SOFTWARE",
                expected="workers with the software that the batch was started with",
                found="other versions or sources",
                where="a worker",
                remedy="Install the same versions on all machines and start the workers again",
            )
        )


def _require_unchanged(study: Study, before: str) -> None:
    if signature(study) != before:
        raise InputError(
            Fault(
                code="FILE_CHANGED",
                expected="input files that stay as they are",
                found="some that were written to while the study ran",
                where="study",
                remedy="Run the batch again when they are complete",
            )
        )


def _share() -> int:
    """Of the machine's memory, for one study: what a Dask worker may use for each of its threads."""
    from distributed import get_worker
    from distributed.system import MEMORY_LIMIT

    try:
        worker = get_worker()
    except ValueError:
        return int(MEMORY_LIMIT)
    limit = worker.memory_manager.memory_limit or MEMORY_LIMIT
    return int(limit // max(worker.state.nthreads, 1))
