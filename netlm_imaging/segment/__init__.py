"""Volumes to masks: liver and lesions on HBP MRI, lesions on PET."""
