"""The types that pass from stage to stage: Report, Sentence, Tag, Figure, Speaker, Statement."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path


class Label(str, Enum):
    """A string enum whose members print, compare and serialise as their value."""

    __str__ = str.__str__

    def __format__(self, format_spec: str) -> str:
        return format(str(self), format_spec)


class Polarity(Label):
    """What a statement asserts about care and support (codebook, part 1)."""

    STRENGTH = "strength"
    SHORTFALL = "shortfall"
    PLAN = "plan"
    CONTEXT = "context"


class Theme(Label):
    """What a statement is about (codebook, part 2)."""

    CARERS = "carers"
    CAPACITY = "capacity"
    QUALITY = "quality"
    WORKFORCE = "workforce"


class Source(Label):
    """Whose evidence a statement is (codebook, part 3)."""

    PEOPLE = "people"
    STAFF = "staff"
    PARTNERS = "partners"
    DATA = "data"
    ASSESSOR = "assessor"


class SectionKind(Label):
    """The five sections of quality statement 4; everything else is ``other``."""

    NEEDS = "needs"
    MARKET = "market"
    CAPACITY = "capacity"
    QUALITY = "quality"
    SUSTAINABILITY = "sustainability"
    OTHER = "other"


POLARITIES: tuple[Polarity, ...] = tuple(Polarity)
ASSERTIONS: tuple[Polarity, ...] = (Polarity.STRENGTH, Polarity.SHORTFALL, Polarity.PLAN)
"""The polarities that may stand in ``also``: context asserts nothing."""
THEMES: tuple[Theme, ...] = tuple(Theme)
SOURCES: tuple[Source, ...] = tuple(Source)


@dataclass(frozen=True, slots=True)
class Section:
    """A part of a report under one heading.

    Attributes
    ----------
    heading : str
        The heading as printed, empty where text stands under none.
    kind : SectionKind
        Which of the five sections it is, or ``other``.
    start, end : int
        Character offsets in ``report.text``: from the heading to the next section.
    """

    heading: str
    kind: SectionKind
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A run of body text: a paragraph, a bullet or a table row.

    Attributes
    ----------
    start, end : int
        Character offsets in ``report.text``.
    section : Section
        The section that it stands in.
    repeated : bool
        True for a copy of an earlier paragraph of the same report.
    """

    start: int
    end: int
    section: Section
    repeated: bool = False


@dataclass(frozen=True, slots=True)
class Report:
    """A document as read: its text and its structure.

    Attributes
    ----------
    text : str
        The whole text. For ``.txt`` and ``.md`` it is the decoded file, unchanged.
    paragraphs : tuple of Paragraph
        The body, in order. Headings, score lines and page furniture are not in it.
    sections : tuple of Section
        In order, covering every paragraph.
    name : str
        The file name, or ``"text"``.
    title, authority, quality_statement : str or None
        As stated in the document.
    published_score : int or None
        The score printed in it, 1 to 4. No model sees it.
    path : Path or None
        The file that it was read from; None for a text or bytes.
    """

    text: str
    paragraphs: tuple[Paragraph, ...]
    sections: tuple[Section, ...]
    name: str = "text"
    title: str | None = None
    authority: str | None = None
    quality_statement: str | None = None
    published_score: int | None = None
    path: Path | None = field(default=None, repr=False, compare=False)

    def _repr_html_(self) -> str:
        from cqc_nlp.views.notebook import report_html

        return report_html(self)


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence of the body of a report, not yet tagged.

    Attributes
    ----------
    text : str
        ``report.text[start:end]``.
    start, end : int
        Character offsets in ``report.text``.
    section : Section
        The section that it stands in.
    paragraph : int
        Index in ``report.paragraphs``.
    repeated : bool
        True in a copy of an earlier paragraph: tagged, not counted.
    authority : str or None
        The authority that the document names. No model sees it.
    """

    text: str
    start: int
    end: int
    section: Section
    paragraph: int
    repeated: bool = False
    authority: str | None = field(default=None, kw_only=True)


@dataclass(frozen=True, slots=True)
class Tag:
    """The labels of one statement.

    Attributes
    ----------
    polarity : Polarity
        What the statement drives home. A plain string for a tagger trained on other labels.
    also : tuple of Polarity
        Every further polarity that it asserts.
    themes : tuple of Theme
        None, one or several.
    source : Source
        Whose evidence it is.
    confidence : float
        Probability of ``polarity``, 0 to 1.
    probabilities : mapping of str to float
        Probability of each polarity (they sum to one) and, under its own name, of each theme.
    """

    polarity: Polarity | str
    also: tuple[Polarity, ...] = ()
    themes: tuple[Theme, ...] = ()
    source: Source | None = None
    confidence: float = 1.0
    probabilities: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Figure:
    """A number that is evidence, with what it is compared to.

    Attributes
    ----------
    value : float
        The number: 78.7, 13000.0; for a share in words ("half of") the percentage.
    unit : str
        ``"%"``, ``"£"``, ``"days"``, ``"per 100,000"``, what is counted (``"beds"``), or the denominator (``"of 187 requests"``).
    measure : str or None
        The id of the national measure that it belongs to (``data/measures.json``).
    period : str or None
        The time that it is for, as printed.
    source : str or None
        The survey or data named nearby: ``"SACE"``, ``"Skills for Care"``.
    comparator : str or None
        What the report compares it to: ``"England average"``, ``"previous year"``.
    comparator_value : float or None
        The number of the comparator, in the same unit; None where the report compares without one.
    direction : str or None
        How it compares for people: ``"better"``, ``"worse"`` or ``"level"``.
    significance : str or None
        The report's own words on the difference: ``"significantly worse"``.
    computed : bool
        True where the direction was worked out from the two numbers and is not the report's own verdict.
    note : str
        What a reader should know before relying on it; else empty.
    start, end : int
        Character offsets in ``report.text``.
    """

    value: float
    unit: str
    measure: str | None = None
    period: str | None = None
    source: str | None = None
    comparator: str | None = None
    comparator_value: float | None = None
    direction: str | None = None
    significance: str | None = None
    computed: bool = False
    note: str = ""
    start: int = 0
    end: int = 0

    @property
    def year(self) -> str | None:
        """The year of the period, the last where it spans several.

        Examples
        --------
        >>> Figure(9.2, "%", period="2023-2024").year, Figure(6.0, "people", period="March 2024").year
        ('2023/24', '2024')
        """
        years = re.findall(r"((?:19|20)\d\d)(?:\s?[/–-]\s?(?:20)?(\d\d)\b)?", self.period or "")
        return "/".join(filter(None, years[-1])) if years else None

    def __str__(self) -> str:
        """The figure in a line.

        Examples
        --------
        >>> print(Figure(12.0, "%", comparator="England average", comparator_value=16.1, direction="worse"))
        12% (England average 16.1%: worse)
        >>> print(Figure(6.0, "people"))
        6 people
        """
        text = _quantity(self.value, self.unit)
        if not self.comparator:
            return text
        compared = self.comparator if self.comparator_value is None else f"{self.comparator} {_quantity(self.comparator_value, self.unit)}"
        return f"{text} ({compared}: {self.direction})" if self.direction else f"{text} ({compared})"


def _quantity(value: float, unit: str) -> str:
    number = f"{value:,.10g}"
    if unit.startswith("£"):
        return f"{unit[0]}{number}{unit[1:]}"
    return {"%": f"{number}%", "rate": number}.get(unit, f"{number} {unit}")


@dataclass(frozen=True, slots=True)
class Speaker:
    """Words that show whose evidence a statement is.

    Attributes
    ----------
    source : Source
        Who speaks, or ``data``; ``assessor`` for records and documents.
    category : str
        The evidence category of the Care Quality Commission: ``"feedback from partners"`` (``data/speakers.json``).
    text : str
        The words: ``"Some unpaid carers told us"``.
    start, end : int
        Character offsets in ``report.text``.
    carried : bool
        True where the statement goes on with an account: the words then stand in an earlier sentence.
    """

    source: Source
    category: str
    text: str
    start: int
    end: int
    carried: bool = False

    def __str__(self) -> str:
        """The speaker in a few words.

        Examples
        --------
        >>> print(Speaker(Source.STAFF, "feedback from staff and leaders", "Leaders said", 0, 12, carried=True))
        staff: "Leaders said" (carried on)
        """
        return f'{self.source}: "{self.text}"' + " (carried on)" * self.carried


@dataclass(frozen=True, slots=True)
class Statement(Sentence):
    """A tagged sentence: the unit of evidence.

    The labels of its :class:`Tag` are its own attributes too: ``statement.polarity``,
    ``also``, ``themes``, ``source``, ``confidence`` and ``probabilities``. ``figures`` are its numbers
    that are evidence; ``speakers`` are the words that show whose evidence it is. Where they do, ``source`` follows them;
    elsewhere it is the model's.
    """

    tag: Tag = Tag(Polarity.CONTEXT)
    figures: tuple[Figure, ...] = ()
    speakers: tuple[Speaker, ...] = ()

    @classmethod
    def of(cls, sentence: Sentence, tag: Tag, figures: tuple[Figure, ...] = (), speakers: tuple[Speaker, ...] = ()) -> Statement:
        """The sentence with its tag, its figures and its speakers."""
        place = (sentence.text, sentence.start, sentence.end, sentence.section, sentence.paragraph, sentence.repeated)
        return cls(*place, tag, figures, speakers, authority=sentence.authority)

    @property
    def polarity(self) -> Polarity | str:
        """What the statement drives home."""
        return self.tag.polarity

    @property
    def also(self) -> tuple[Polarity, ...]:
        """Every further polarity that it asserts."""
        return self.tag.also

    @property
    def themes(self) -> tuple[Theme, ...]:
        """What it is about."""
        return self.tag.themes

    @property
    def source(self) -> Source | None:
        """Whose evidence it is: as its words show, else as the model reads it."""
        return self.tag.source

    @property
    def confidence(self) -> float:
        """Probability of its polarity, 0 to 1."""
        return self.tag.confidence

    @property
    def probabilities(self) -> Mapping[str, float]:
        """Probability by label name."""
        return self.tag.probabilities
