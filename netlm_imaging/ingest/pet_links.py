"""What a PET series must know of the rest of its study: its first acquisition, maps that name it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from netlm_imaging.ingest.header import Header
from netlm_imaging.ingest.real_world import StudyMap
from netlm_imaging.ingest.study import Series


def linked(
    series: Sequence[Series], headers: Sequence[Header], maps: Sequence[StudyMap]
) -> tuple[Series, ...]:
    """PET series with ``first_acquired`` and ``maps`` filled in; ``headers`` are the whole study's."""
    acquired: dict[str, list[datetime]] = defaultdict(list)
    for h in headers:
        if h.modality == "PT" and h.acquired is not None:
            acquired[h.series_uid].append(h.acquired)
    return tuple(_linked(s, acquired, maps) if s.modality == "PT" else s for s in series)


def _linked(series: Series, acquired: dict[str, list[datetime]], maps: Sequence[StudyMap]) -> Series:
    uid = series.headers[0].series_uid
    images = frozenset(h.sop_uid for h in series.headers)
    # An emptied UID joins images of several series: only the part's own times count then.
    first = min(acquired[uid], default=None) if uid else None
    return replace(series, first_acquired=first, maps=tuple(m for m in maps if m.is_for(uid, images)))
