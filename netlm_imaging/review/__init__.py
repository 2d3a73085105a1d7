"""Edits of masks by people, the lesion table while they edit, and who changed what and when."""

from netlm_imaging.review.change import BACKGROUND, Change, Labels
from netlm_imaging.review.edits import brushed, deleted, merged, next_label, relabeled
from netlm_imaging.review.filling import filled_between
from netlm_imaging.review.growing import Growth, Levels, grown, levels_at, threshold_brushed
from netlm_imaging.review.method import segments_method
from netlm_imaging.review.records import Event, Part, Review, Status, counted, next_unreviewed
from netlm_imaging.review.splitting import split_at, split_by_plane, split_pieces
from netlm_imaging.review.table import LesionTable

__all__ = [
    "BACKGROUND",
    "Change",
    "Event",
    "Growth",
    "Labels",
    "LesionTable",
    "Levels",
    "Part",
    "Review",
    "Status",
    "brushed",
    "counted",
    "deleted",
    "filled_between",
    "grown",
    "levels_at",
    "merged",
    "next_label",
    "next_unreviewed",
    "relabeled",
    "segments_method",
    "split_at",
    "split_by_plane",
    "split_pieces",
    "threshold_brushed",
]
