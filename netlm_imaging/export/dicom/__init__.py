"""DICOM objects of a case, for the archive of the images that it was made from: SEG, SR, Encapsulated PDF."""
