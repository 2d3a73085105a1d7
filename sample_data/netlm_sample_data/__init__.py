"""The digital reference patient: anatomy, scanners, real DICOM files, exact truth."""
