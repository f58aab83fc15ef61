"""How much one document may ask for: what is larger is refused with a message, so that no file can fill the memory or hang."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from cqc_nlp.errors import DocumentTooLarge


@dataclass(frozen=True, slots=True)
class Limits:
    """How large a document may be. The defaults are many times the size of any report.

    Attributes
    ----------
    max_bytes : int
        Of the file.
    max_unpacked_bytes : int
        Of everything that a Word file or a PDF page unpacks to.
    max_characters : int
        Of the text.
    max_elements : int
        Marks (``<…>``) in a web page or a Word file.
    max_pages : int
        Of a PDF.
    max_seconds : float
        That the pages of a PDF may take.

    Examples
    --------
    >>> from cqc_nlp import read_text
    >>> read_text("Carers waited six months.", limits=Limits(max_characters=10))
    Traceback (most recent call last):
    ...
    cqc_nlp.errors.DocumentTooLarge: text: it holds 25 characters, more than the limit of 10; read it in parts or raise max_characters.
    """

    max_bytes: int = 100_000_000
    max_unpacked_bytes: int = 200_000_000
    max_characters: int = 10_000_000
    max_elements: int = 1_000_000
    max_pages: int = 1_000
    max_seconds: float = 120.0

    def check(self, name: str, count: int, what: str) -> None:
        """Refuse a count above the limit of that name.

        Raises
        ------
        DocumentTooLarge
            With the count, the limit and what to do. The file is named by the caller.
        """
        limit = getattr(self, name)
        if count > limit:
            raise DocumentTooLarge(f"it holds {count:,} {what}, more than the limit of {limit:,}; read it in parts or raise {name}")

    def clock(self) -> Callable[[], None]:
        """A call that raises :class:`~cqc_nlp.errors.DocumentTooLarge` once ``max_seconds`` have passed from now."""
        end = time.monotonic() + self.max_seconds

        def check() -> None:
            if time.monotonic() > end:
                raise DocumentTooLarge(f"reading it takes more than {self.max_seconds:g} seconds; use the Word file, or raise max_seconds")

        return check


DEFAULT_LIMITS = Limits()
