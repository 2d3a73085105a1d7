"""report.pdf: the report's own HTML on A4 pages, for the file and for print."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

_FONTS = {"normal": "DejaVuSans.ttf", "bold": "DejaVuSans-Bold.ttf"}
"""The font of the figures, which comes with matplotlib: no page depends on the fonts of the machine."""
_TEXT = """
* { font-family: Report !important; font-variant-ligatures: none; }
body { letter-spacing: -.02em; }
"""
"""Set closer, as the font is wider than those of screens; no ligatures, so that words can be searched for."""
_NO_SYSTEM_FONTS = Path(__file__).parent / "templates" / "fonts.conf"
_BASE = "report:/"
"""Stands for the report itself: links within it stay within it."""
_NO_CLOCK = "2000-01-01T00:00:00+00:00"
"""A PDF says when it was made; the same report has the same bytes."""


def render_pdf(html: str) -> bytes | None:
    """The pages of ``html``, a report of render_report, as PDF. Equal input gives equal bytes.

    Nothing but the report and its font is read: no file, no network. None on a machine for which
    plutoprint is not built (see pyproject.toml).
    """
    if find_spec("plutoprint") is None:
        return None
    import plutoprint

    stream = io.BytesIO()
    with _no_system_fonts():
        book = plutoprint.Book(plutoprint.PAGE_SIZE_A4)
        book.custom_resource_fetcher = _fetcher()
        book.load_html(html, user_style=_style(), base_url=_BASE)
        for key in (plutoprint.PDF_METADATA_CREATION_DATE, plutoprint.PDF_METADATA_MODIFICATION_DATE):
            book.set_metadata(key, _NO_CLOCK)
        book.write_to_pdf_stream(stream)
    return stream.getvalue()


@contextmanager
def _no_system_fonts() -> Iterator[None]:
    """What fontconfig reads when it starts; on a machine without any it would complain."""
    name = "FONTCONFIG_FILE"
    before = os.environ.get(name)
    os.environ[name] = str(_NO_SYSTEM_FONTS)
    try:
        yield
    finally:
        del os.environ[name]
        if before is not None:
            os.environ[name] = before


def _style() -> str:
    faces = "".join(
        f'@font-face {{ font-family: Report; font-weight: {weight}; src: url("{_BASE}{name}"); }}\n'
        for weight, name in _FONTS.items()
    )
    return faces + _TEXT


@cache
def _fetcher() -> Any:
    import matplotlib
    import plutoprint

    folder = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
    known = {_BASE + name: folder / name for name in _FONTS.values()}

    class Fetcher(plutoprint.ResourceFetcher):
        def fetch_url(self, url: str) -> Any:
            if url in known:
                return plutoprint.ResourceData(known[url].read_bytes(), "font/ttf")
            if url.startswith("data:"):
                return super().fetch_url(url)
            raise ValueError("a report names nothing outside it")

    return Fetcher()
