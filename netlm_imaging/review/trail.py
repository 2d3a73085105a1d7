"""review.jsonl (schema netlm-review/1): the audit trail, a line an event, which only ever grows.

The only output of a review with a clock in it.
"""

from __future__ import annotations

import json
from datetime import UTC
from typing import Literal

from pydantic import TypeAdapter, ValidationError

from netlm_imaging.errors import Fault, InputError, Notice
from netlm_imaging.review.records import Event, Review

SCHEMA: Literal["netlm-review/1"] = "netlm-review/1"
HEADER = json.dumps({"schema": SCHEMA}) + "\n"
"""The first line."""
WHERE = "review.jsonl"


def line_of(event: Event) -> str:
    """One event as a line, its time in UTC."""
    content = _ADAPTER.dump_python(event, mode="json")
    content["when"] = event.when.astimezone(UTC).isoformat(timespec="milliseconds")
    return json.dumps(content, allow_nan=False) + "\n"


def review_of(text: str) -> tuple[Review, tuple[Notice, ...]]:
    """The review that a trail tells. A last line that was cut short is left out (REVIEW_CUT_SHORT).

    Raises InputError (BAD_REVIEW) for another schema, and for lines that are no events: all of them.
    """
    whole, _, rest = text.rpartition("\n")
    lines = whole.splitlines()
    if not lines or not _is_header(lines[0]):
        raise InputError(_bad(f"a first line of schema {SCHEMA}", "another one" if lines else "none"))
    events, faults = [], []
    for number, line in enumerate(lines[1:], start=2):
        try:
            events.append(_ADAPTER.validate_json(line))
        except ValidationError as error:
            first = error.errors()[0]
            place = ".".join(map(str, first["loc"])) or "the line"
            faults.append(_bad(f"line {number}, {place}: {first['msg']}", type(first["input"]).__name__))
    if faults:
        raise InputError(*faults[:20])
    message = "The last line of the audit trail was cut short, and is left out."
    notices = (Notice(code="REVIEW_CUT_SHORT", message=message, where=WHERE),) if rest else ()
    return Review.of(events), notices


def _is_header(line: str) -> bool:
    try:
        return bool(json.loads(line) == {"schema": SCHEMA})
    except ValueError:
        return False


def _bad(expected: str, found: str) -> Fault:
    return Fault(
        code="BAD_REVIEW",
        expected=expected,
        found=found,
        where=WHERE,
        remedy="Give the file as it was written",
    )


_ADAPTER: TypeAdapter[Event] = TypeAdapter(Event)
