"""How the segments of a review were made."""

from __future__ import annotations

from netlm_imaging.anatomy import BY_LANDMARKS, BY_LANDMARKS_AND_HAND
from netlm_imaging.review.records import Review
from netlm_imaging.segment.couinaud import missing_landmarks


def segments_method(review: Review) -> str:
    """One of SEGMENT_METHODS; empty where no landmarks made them."""
    edits = [event for event in review.events if event.part == "segments" and event.voxels]
    last = max((n for n, event in enumerate(edits) if event.landmarks is not None), default=None)
    if last is None or missing_landmarks(edits[last].landmarks or {}):
        return ""
    return BY_LANDMARKS if last == len(edits) - 1 else BY_LANDMARKS_AND_HAND
