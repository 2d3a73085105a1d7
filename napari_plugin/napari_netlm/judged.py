"""What reviewers have judged, as a desk keeps it among its records; no Qt."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from netlm_imaging.review import Event, Review
from netlm_imaging.review.trail import HEADER, line_of, review_of

RECORD = "review"
"""Name of the record: the audit trail, a value of JSON types for each event."""


def record_line(event: Event) -> Any:
    """One event as a record keeps it."""
    return json.loads(line_of(event))


def review_in(records: Mapping[str, Any]) -> Review:
    """The review among ``records``; an empty one where there is none. Raises InputError (BAD_REVIEW)."""
    lines = records.get(RECORD, [])
    return review_of(HEADER + "".join(json.dumps(line) + "\n" for line in lines))[0]
