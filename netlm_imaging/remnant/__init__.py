"""The future liver remnant in all its denominators and the minimums that apply."""
