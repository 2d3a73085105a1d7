"""Write docs/bad-input.md: ``cd tests && python -m conformance``."""

from conformance.table import DOCUMENT, document

DOCUMENT.write_text(document())
