"""From DICOM to a surgical decision for neuroendocrine tumor liver metastases (NETLM)."""

__version__ = "0.1.0"
