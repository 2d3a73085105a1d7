"""Masks to the lesion table: measures, sides, matching, burden, pattern."""
