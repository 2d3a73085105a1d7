"""The process of one study: reads what it is asked, runs the flow, writes what came of it.

``python -m netlm_pipelines.batch.child FLOW MEMORY_BYTES`` in a folder that holds ``request.json``.
"""

from __future__ import annotations

import errno
import importlib
import io
import json
import os
import resource
import signal
import sys
import threading
import traceback
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any, cast

from pydantic import TypeAdapter
from rich.console import Console

from netlm_imaging.errors import Fault, NetlmError
from netlm_pipelines.progress import Stages
from netlm_pipelines.request import Request

REQUEST, OUTCOME = "request.json", "outcome.json"
REQUESTS: TypeAdapter[Request] = TypeAdapter(Request)
SPARE_MEMORY = 2**31
"""Bytes of private memory beyond twice the cap that a study can ask for before the watcher ends it."""


def main() -> None:
    """Run the flow; the faults, an empty list for none, are the outcome."""
    flow, memory = sys.argv[1], int(sys.argv[2])
    end_with_parent()
    set_limits(memory)
    faults = faults_of(flow, REQUESTS.validate_json(Path(REQUEST).read_bytes()))
    Path(OUTCOME).write_text(json.dumps([asdict(fault) for fault in faults]), encoding="utf-8")


def faults_of(flow: str, request: Request) -> tuple[Fault, ...]:
    """Call the flow; what it raises becomes faults without anything of the patient."""
    try:
        flow_named(flow)(request, Stages(total=1, console=Console(file=io.StringIO())))
    except NetlmError as error:
        return error.faults
    except MemoryError:
        return (memory_fault(),)
    except OSError as error:
        return (_full_disk() if error.errno in (errno.ENOSPC, errno.EDQUOT) else _bug(error),)
    # pylibjpeg's codecs raise a BaseException of their own (PanicException) on damaged streams.
    except BaseException as error:
        return (_bug(error),)
    return ()


def flow_named(flow: str) -> Callable[[Request, Stages], Path]:
    """The function of ``module:function``."""
    module, _, function = flow.partition(":")
    return cast(Callable[[Request, Stages], Path], getattr(importlib.import_module(module), function))


def _bug(error: BaseException) -> Fault:
    """Where it happened and its type; its message may quote what identifies the patient."""
    last = traceback.extract_tb(error.__traceback__)[-1]
    return Fault(
        code="BUG",
        expected="an answer to every input",
        found=type(error).__name__,
        where=f"{Path(last.filename).name}:{last.lineno}",
        remedy="This should not happen; netlm run --debug on the study shows where it did",
    )


def _full_disk() -> Fault:
    return Fault(code="DISK_FULL", expected="enough free space", found="a full disk", where="the work folder")


def memory_fault() -> Fault:
    """A study that asked for more memory than it may have."""
    return Fault(
        code="STUDY_MEMORY",
        expected="a study within its share of the memory",
        found="one that asked for more",
        remedy="Give more by --memory-gb, or fewer --workers",
    )


def set_limits(memory: int) -> None:
    """No core dumps, which would hold images; no more memory than could be meant to be used.

    The watcher outside ends a study at its cap. This is for one that outruns it.
    """
    limits: dict[int, int] = {resource.RLIMIT_CORE: 0}
    if sys.platform == "linux":
        limits[resource.RLIMIT_DATA] = 2 * memory + SPARE_MEMORY
    for kind, wanted in limits.items():
        hard = resource.getrlimit(kind)[1]
        least = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(kind, (least, least))


def end_with_parent() -> None:
    """End this process and all that it started when the worker ends: its end of standard input closes."""

    def wait() -> Any:
        while os.read(0, 1):
            pass
        if os.getpgrp() == os.getpid():  # else the group is somebody else's
            os.killpg(0, signal.SIGKILL)
        os._exit(1)

    threading.Thread(target=wait, daemon=True).start()


if __name__ == "__main__":
    main()
