"""Files to Volumes and masks; with export the only stage that touches files."""

from netlm_imaging.ingest.image import Image, read_image, read_nifti_image
from netlm_imaging.ingest.masks import MaskFile, read_mask
from netlm_imaging.ingest.naming import with_named_roles
from netlm_imaging.ingest.objects import count_parts
from netlm_imaging.ingest.plan_json import read_plan
from netlm_imaging.ingest.prefer import Pick
from netlm_imaging.ingest.review_folder import read_review, read_reviewed_lesions
from netlm_imaging.ingest.scan import scan
from netlm_imaging.ingest.study import Series, Skipped, Study

__all__ = [
    "Image",
    "MaskFile",
    "Pick",
    "Series",
    "Skipped",
    "Study",
    "count_parts",
    "read_image",
    "read_mask",
    "read_nifti_image",
    "read_plan",
    "read_review",
    "read_reviewed_lesions",
    "scan",
    "with_named_roles",
]
