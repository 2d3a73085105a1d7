"""Type 1-4 with reasons, from a file of evidence."""
