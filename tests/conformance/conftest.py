"""What the corpus needs of the command line's tests."""

from pipelines.conftest import finished, masks, netlm, patient

__all__ = ["finished", "masks", "netlm", "patient"]
