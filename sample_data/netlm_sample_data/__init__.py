"""The digital reference patient: anatomy, scanners, real DICOM files, exact truth."""

from netlm_sample_data.presets import PRESETS
from netlm_sample_data.sample import SamplePaths, write_sample

__all__ = ["PRESETS", "SamplePaths", "write_sample"]
