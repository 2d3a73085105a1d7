"""One planning grid for all: resampling and registration."""
