"""Volumes to masks: liver and lesions on HBP MRI, lesions on PET; landmarks to Couinaud segments."""

from netlm_imaging.segment.classical import ClassicalSegmenter
from netlm_imaging.segment.couinaud import couinaud_segments
from netlm_imaging.segment.images import Images, Segmentation, Segmenter
from netlm_imaging.segment.pet import LiverBackground, PetLesions, liver_background, segment_pet_lesions
from netlm_imaging.segment.registry import segmenter_named

__all__ = [
    "ClassicalSegmenter",
    "Images",
    "LiverBackground",
    "PetLesions",
    "Segmentation",
    "Segmenter",
    "couinaud_segments",
    "liver_background",
    "segment_pet_lesions",
    "segmenter_named",
]
