"""The types that pass from stage to stage: Report, Sentence, Tag, Statement."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum


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
    """

    text: str
    paragraphs: tuple[Paragraph, ...]
    sections: tuple[Section, ...]
    name: str = "text"
    title: str | None = None
    authority: str | None = None
    quality_statement: str | None = None
    published_score: int | None = None


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
    """

    text: str
    start: int
    end: int
    section: Section
    paragraph: int
    repeated: bool = False


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
class Statement(Sentence):
    """A tagged sentence: the unit of evidence.

    The labels of its :class:`Tag` are its own attributes too: ``statement.polarity``,
    ``also``, ``themes``, ``source``, ``confidence`` and ``probabilities``.
    """

    tag: Tag = Tag(Polarity.CONTEXT)

    @classmethod
    def of(cls, sentence: Sentence, tag: Tag) -> Statement:
        """The sentence with its tag."""
        return cls(sentence.text, sentence.start, sentence.end, sentence.section, sentence.paragraph, sentence.repeated, tag)

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
        """Whose evidence it is."""
        return self.tag.source

    @property
    def confidence(self) -> float:
        """Probability of its polarity, 0 to 1."""
        return self.tag.confidence

    @property
    def probabilities(self) -> Mapping[str, float]:
        """Probability by label name."""
        return self.tag.probabilities
