"""A document as the rules of the review see it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache, cached_property
from importlib.resources import files
from typing import Any

from cqc_nlp.framework import SECTIONS
from cqc_nlp.schema import Polarity, Report, SectionKind, Source, Statement

_HEADINGS = {section.kind: section.heading for section in SECTIONS}


@cache
def settings() -> dict[str, Any]:
    """The rules as data."""
    data: dict[str, Any] = json.loads(files("cqc_nlp").joinpath("data/review.json").read_text(encoding="utf-8"))
    return data


@cache
def pattern(name: str) -> re.Pattern[str]:
    """A named pattern of the rules, compiled."""
    return re.compile(settings()["patterns"][name], re.IGNORECASE)


def years(text: str) -> list[int]:
    """The years that a text names; a span such as 2023/24 counts as its later year.

    Examples
    --------
    >>> years("It rose from 8% in 2021/22 to 9% in March 2024.")
    [2022, 2024]
    """
    return [int(re.sub(r".*\D", "", match)[-2:]) + int(match[:2]) * 100 for match in pattern("year").findall(text)]


def _first_years(text: str) -> list[int]:
    return [int(match[:4]) for match in pattern("year").findall(text)]


def data_years(statement: Statement) -> list[int]:
    """The years that its data are for: none of a named document, a law or a time to come.

    Where the sentence names none, they are those of its figures, which may stand in the sentence before.
    """
    if pattern("undated").search(statement.text):
        return []
    named = years(pattern("year_of_name").sub("", statement.text))
    return named or [year for figure in statement.figures for year in years(figure.period or "")]


def shows_evidence(statement: Statement) -> bool:
    """Whether a statement brings more than the authority's word: another's voice, a figure or an example."""
    if statement.source not in (None, Source.ASSESSOR) or statement.figures:
        return True
    text = pattern("year").sub("", statement.text)
    return any(pattern(name).search(text) for name in ("figure", "example", "quoted"))


@dataclass(frozen=True)
class Draft:
    """The counted statements of a document with what the rules ask about them."""

    statements: tuple[Statement, ...]
    report: Report | None = None

    @classmethod
    def of(cls, statements: Iterable[Statement], report: Report | None = None) -> Draft:
        """Without the copies of earlier paragraphs."""
        return cls(tuple(s for s in statements if not s.repeated), report)

    @cached_property
    def text(self) -> str:
        """Everything that a reader can see."""
        return self.report.text if self.report else "\n".join(s.text for s in self.statements)

    @cached_property
    def sections(self) -> dict[tuple[str, str], list[Statement]]:
        """Statements by (kind, heading); the framework's own heading for its five sections."""
        groups: dict[tuple[str, str], list[Statement]] = {}
        for s in self.statements:
            kind = str(s.section.kind)
            groups.setdefault((kind, _HEADINGS.get(kind, s.section.heading)), []).append(s)
        return groups

    @cached_property
    def missing_sections(self) -> list[str]:
        """Headings of the framework without a statement; none where the text does not follow the framework."""
        present = {kind for kind, _ in self.sections}
        return [heading for kind, heading in _HEADINGS.items() if kind not in present] if self.follows_framework else []

    @property
    def follows_framework(self) -> bool:
        """Whether the text has the sections of care provision, integration and continuity."""
        present = {kind for kind, _ in self.sections} - {str(SectionKind.OTHER)}
        return len(present) >= int(settings()["framework_sections"])

    @cached_property
    def first_person(self) -> bool:
        """Whether the authority speaks of itself as "we"."""
        own = [s for s in self.statements if not pattern("quoted").search(s.text) and pattern("first_person").search(s.text)]
        return bool(own) and len(own) >= settings()["first_person_share"] * len(self.statements)

    @cached_property
    def paragraphs(self) -> dict[int, list[Statement]]:
        """Statements by paragraph."""
        groups: dict[int, list[Statement]] = {}
        for s in self.statements:
            groups.setdefault(s.paragraph, []).append(s)
        return groups

    def following(self, statement: Statement) -> list[Statement]:
        """The statements after it in its paragraph."""
        return [s for s in self.paragraphs[statement.paragraph] if s.start > statement.start]

    @cached_property
    def dated(self) -> tuple[int, str] | None:
        """The year of the document, and whether that is by its title, its front matter or the newest year in it.

        The front matter is what stands before the body, or a line that gives the date. A financial year in either
        counts as the one in which it begins: a self-assessment for 2025/26 is written in it, with the data of the year before.
        """
        if self.report is not None:
            title, body = self.report.title or "", self.report.paragraphs
            front = self.report.text[: body[0].start] if body else ""
            stated = pattern("document_date").findall(self.report.text)
            for basis, named in (("title", _first_years(title)), ("front matter", _first_years(front) or list(map(int, stated)))):
                if named:
                    return max(named), basis
        past = [year for s in self.statements if Polarity.PLAN not in (s.polarity, *s.also) for year in data_years(s)]
        return (max(past), "newest year") if past else None
