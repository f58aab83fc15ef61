"""The words and colours in which every view names a label."""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from typing import Any

from cqc_nlp.framework import SECTIONS
from cqc_nlp.schema import Section, SectionKind, Source, Theme

THEME_NAMES: dict[Theme, str] = {
    Theme.CARERS: "unpaid carers",
    Theme.CAPACITY: "capacity",
    Theme.QUALITY: "quality of services",
    Theme.WORKFORCE: "workforce",
}
SOURCE_NAMES: dict[Source, str] = {
    Source.PEOPLE: "people and carers",
    Source.STAFF: "staff and leaders",
    Source.PARTNERS: "partners",
    Source.DATA: "data",
    Source.ASSESSOR: "the document itself",
}
NO_THEME = "no theme"
OTHER_HEADINGS = "Other headings"
_KIND_NAMES = {SectionKind(section.kind): section.heading for section in SECTIONS}


@cache
def palette() -> dict[str, Any]:
    """The one palette of every view (``data/palette.json``)."""
    return json.loads(files("cqc_nlp").joinpath("data/palette.json").read_text(encoding="utf-8"))  # type: ignore[no-any-return]


def section_name(section: Section) -> str:
    """What a section is called: by the framework where it is one of the five, else as printed.

    Examples
    --------
    >>> section_name(Section("Market shaping", SectionKind.MARKET, 0, 0))
    'Market shaping and commissioning to meet local needs'
    >>> section_name(Section("", SectionKind.OTHER, 0, 0))
    'Under no heading'
    """
    return _KIND_NAMES.get(section.kind) or section.heading or "Under no heading"


def signed(value: float, digits: int = 2) -> str:
    """A number with its sign, a true minus, and plain zero.

    Examples
    --------
    >>> signed(-0.126), signed(1.5, 1), signed(-0.001)
    ('−0.13', '+1.5', '0')
    """
    text = f"{value:+.{digits}f}"
    return text.replace("-", "−") if text.strip("+-0.") else "0"


def percent(share: float) -> str:
    """A share in whole per cent, and no false nought or hundred.

    Examples
    --------
    >>> percent(0.123), percent(0.004), percent(0.999), percent(0.0)
    ('12%', 'under 1%', 'over 99%', '0%')
    """
    if 0 < share < 0.005:
        return "under 1%"
    if 0.995 <= share < 1:
        return "over 99%"
    return f"{share:.0%}"


def shortened(text: str, length: int = 220) -> str:
    """The text on one line, cut between words where it is long.

    Examples
    --------
    >>> shortened("Carers waited for a long time.", 15)
    'Carers waited…'
    """
    import textwrap

    line = " ".join(text.split())
    cut = textwrap.shorten(line, length, placeholder="…")
    return cut if len(cut) > 1 or len(line) <= length else line[: length - 1] + "…"  # one endless word
