"""What a document names and an index of it would list: strategies, boards, services, organisations, places, dates.

By rules as data (``data/entities.json``) on the words of spaCy; there is no statistical model of names, and nothing is
an entity only because it opens a sentence with a capital.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any, NamedTuple

from cqc_nlp import authority
from cqc_nlp.schema import Label, Sentence

if TYPE_CHECKING:
    from spacy.language import Language
    from spacy.matcher import Matcher
    from spacy.tokens import Doc, Span, Token


class EntityKind(Label):
    """What an entity is."""

    STRATEGY = "strategy"
    BOARD = "board"
    SERVICE = "service"
    ORGANISATION = "organisation"
    SURVEY = "survey"
    LAW = "law"
    PLACE = "place"
    DATE = "date"


@dataclass(frozen=True, slots=True)
class Mention:
    """A place where an entity is named.

    Attributes
    ----------
    statement : int
        Position of the statement.
    text : str
        The name as printed there: ``"the Strategy"`` is printed ``"Strategy"``.
    start, end : int
        Character offsets in ``report.text``.
    """

    statement: int
    text: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Entity:
    """A named thing with every mention of it.

    Attributes
    ----------
    kind : EntityKind
        ``"strategy"`` (and other documents), ``"board"``, ``"service"`` (and programmes), ``"organisation"``,
        ``"survey"``, ``"law"``, ``"place"`` or ``"date"``.
    name : str
        The fullest name; of a date and a year, its usual form: ``"2023/24"``.
    mentions : tuple of Mention
        In order; never empty.
    """

    kind: EntityKind
    name: str
    mentions: tuple[Mention, ...]


@cache
def rules() -> dict[str, Any]:
    """``data/entities.json``."""
    data: dict[str, Any] = json.loads(files("cqc_nlp").joinpath("data/entities.json").read_text(encoding="utf-8"))
    return data


def entities(sentences: Sequence[Sentence]) -> tuple[Entity, ...]:
    """The entities of a document, by kind and name.

    Parameters
    ----------
    sentences : sequence of Sentence or Statement
        Of one document, in order.

    Returns
    -------
    tuple of Entity
        A short form is joined to the name that it stands for: "(MPS)" after it, "the Strategy" for the last
        strategy named, "Carers Strategy" for the one "South Tees Carers Strategy".

    Examples
    --------
    >>> from cqc_nlp import read_text, sentences
    >>> text = "Our Market Position Statement (MPS) was agreed in 2023-24. The MPS names gaps. Homecare is one."
    >>> for entity in entities(sentences(read_text(text))):
    ...     print(entity.kind, entity.name, [mention.text for mention in entity.mentions])
    strategy Market Position Statement ['Market Position Statement', 'MPS', 'MPS']
    date 2023/24 ['2023-24']
    """
    docs = list(_pipeline().pipe(sentence.text for sentence in sentences))
    small = {token.text for doc in docs for token in doc if token.text.islower()}
    found = [list(_named(doc, small)) for doc in docs]
    found = _with_places(docs, found, small, sentences[0].authority if sentences else None)
    index = _Index()
    for position, (sentence, names) in enumerate(zip(sentences, found, strict=True)):
        for name in [*names, *_dates(sentence.text, names)]:
            index.add(position, sentence, name)
        index.short_forms(position, sentence, names)
    return index.entities()


class _Name(NamedTuple):
    kind: EntityKind
    start: int
    end: int
    text: str
    head: str = ""
    short: tuple[int, int] | None = None


class _Index:
    """Entities while they are being collected."""

    def __init__(self) -> None:
        self.mentions: dict[tuple[EntityKind, str], list[Mention]] = {}
        self.names: dict[tuple[EntityKind, str], str] = {}
        self.shorts: dict[str, tuple[EntityKind, str]] = {}
        self.heads: dict[str, tuple[EntityKind, str]] = {}

    def add(self, position: int, sentence: Sentence, name: _Name) -> None:
        key = self._key(name)
        if key is None:
            return
        if key not in self.names or (len(name.text) > len(self.names[key]) and name.text not in self.shorts):
            self.names[key] = name.text
        self._mention(key, position, sentence, name.start, name.end)
        self.heads[name.head] = key
        if name.short:
            start, end = name.short
            self.shorts[sentence.text[start:end]] = key
            self._mention(key, position, sentence, start, end)

    def short_forms(self, position: int, sentence: Sentence, names: list[_Name]) -> None:
        """Mentions of abbreviations that were given before."""
        taken = [span for name in names for span in ((name.start, name.end), name.short or (0, 0))]
        for word in re.finditer(r"[A-Z][\w&]+", sentence.text):
            key = self.shorts.get(word.group())
            if key and not any(start < word.end() and word.start() < end for start, end in taken):
                self._mention(key, position, sentence, *word.span())

    def _mention(self, key: tuple[EntityKind, str], position: int, sentence: Sentence, start: int, end: int) -> None:
        mention = Mention(position, sentence.text[start:end], sentence.start + start, sentence.start + end)
        self.mentions.setdefault(key, []).append(mention)

    def _key(self, name: _Name) -> tuple[EntityKind, str] | None:
        if name.text == name.head:  # "the Strategy": the last one named
            return self.heads.get(name.head)
        if name.text in self.shorts:
            return self.shorts[name.text]
        if name.kind in (EntityKind.DATE, EntityKind.PLACE):
            return name.kind, name.text.casefold()
        own = _normal(name.text)
        key = (name.kind, own)
        if name.text.isupper():  # "JSNA", where its words are in the text but not it in brackets
            spelt = [other for other, full in self.names.items() if _initials(full) == name.text]
            return spelt[0] if len(spelt) == 1 else key
        if key in self.names or not name.head:
            return key
        # A shorter name belongs to the one longer name that ends like it.
        longer = [other for other in self.names if other[0] == name.kind and other[1].endswith(f" {own}")]
        return longer[0] if len(longer) == 1 and " " in own else key

    def entities(self) -> tuple[Entity, ...]:
        kinds = list(EntityKind)
        listed = sorted(self.mentions, key=lambda key: (kinds.index(key[0]), self.names[key].casefold()))
        return tuple(Entity(key[0], self.names[key], tuple(sorted(self.mentions[key], key=lambda m: m.start))) for key in listed)


def _normal(text: str) -> str:
    """A name without what may differ between its mentions: case, "&", years, a plural at its end."""
    text = re.sub(rules()["years_after"] + "$", "", text).casefold().replace("&", "and").replace("’", "'")
    return " ".join(re.sub(r"(?<=[^s])s$", "", text).split())


def _initials(name: str) -> str:
    return "".join(word[0] for word in re.findall(r"[^\W\d]+", name) if word[0].isupper())


def _dates(text: str, names: list[_Name]) -> Iterator[_Name]:
    for match in _compiled(rules()["dates"]).finditer(text):
        if not any(name.start < match.end() and match.start() < name.end for name in names):
            yield _Name(EntityKind.DATE, *match.span(), _usual(match.group()))


def _usual(date: str) -> str:
    """A date in its usual form; a year and the next one are a financial year."""
    span = re.fullmatch(r"((?:19|20)\d\d)\s?[/–-]\s?(?:20)?(\d\d)", date)
    if not span:
        return date[0].upper() + date[1:]
    first, second = int(span[1]), int(span[2])
    return f"{first}/{second:02}" if (first + 1) % 100 == second else f"{first}-{first // 100}{second:02}"


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)


@cache
def _pipeline() -> Language:
    import spacy

    nlp = spacy.blank("en")
    nlp.max_length = 100_000_000
    return nlp


@cache
def _matcher() -> Matcher:
    """SpaCy's matcher with the patterns of the rules."""
    from spacy.matcher import Matcher

    capital = {"TEXT": {"REGEX": r"^[A-Z][\w.]*$"}}
    within = {"TEXT": {"REGEX": rf"^(?:[A-Z][\w.]*|{'|'.join(map(re.escape, rules()['joining']))})$"}, "OP": "{0,8}"}
    matcher = Matcher(_pipeline().vocab)
    for kind, heads in rules()["heads"].items():
        matcher.add(kind, [[{"TEXT": {"IN": heads}}], [capital, within, {"TEXT": {"IN": heads}}]], greedy="LONGEST")
    for kind, heads in rules()["small_heads"].items():
        matcher.add(f"{kind} small", [[capital, {**capital, "OP": "{0,3}"}, {"TEXT": {"IN": heads}}]], greedy="LONGEST")
    for kind, names in rules()["known"].items():
        matcher.add(f"{kind} known", [[{"TEXT": word} for word in name.split()] for name in names], greedy="LONGEST")
    return matcher


def _named(doc: Doc, small: set[str]) -> Iterator[_Name]:
    """Names in a sentence, the longest first where they overlap, in order."""
    from spacy.util import filter_spans

    trimmed = []
    for span in _matcher()(doc, as_spans=True):
        kind, _, how = span.label_.partition(" ")
        if not how:
            span = _trimmed(span, small)
        elif how == "small" and not _is_small_name(span, small):
            continue
        trimmed.append((kind, how, span))
    kept = {(span.start, span.end) for span in filter_spans([span for _, _, span in trimmed])}
    seen: set[tuple[int, int]] = set()
    for kind, how, span in sorted(trimmed, key=lambda item: item[2].start):
        if (place := (span.start, span.end)) in kept and place not in seen:
            seen.add(place)
            yield _name(EntityKind(kind), span, doc.text, "" if how == "known" else span[-1].text)


def _name(kind: EntityKind, span: Span, text: str, head: str) -> _Name:
    start, end = span.start_char, span.end_char
    if (
        head
        and head != span.text
        and (years := _compiled(rules()["years_after"]).match(text, end))
        and kind in (EntityKind.STRATEGY, EntityKind.LAW)
    ):
        end = years.end()
    if start and text[start - 1] in "'‘" and re.search(r"\w['’] ", text[start:end]):  # "the 'Live Well' Board"
        start -= 1
    if _organisation().search(text[start:end]):
        kind = EntityKind.ORGANISATION
    short = _compiled(rules()["abbreviation"]).match(text, end)
    return _Name(kind, start, end, text[start:end], head, short.span(1) if short else None)


@cache
def _organisation() -> re.Pattern[str]:
    """What is an organisation whatever its last word is: "Association of Directors of Adult Social Services"."""
    return re.compile(rf"\b(?:{'|'.join(rules()['heads']['organisation'])}) (?:of|for)\b")


def _trimmed(span: Span, small: set[str]) -> Span:
    """Without words in front that have a capital only because they open the sentence, or that lead to the name."""
    while len(span) > 1:
        first = span[0]
        opens = first.i == 0
        joins = first.text in rules()["joining"]
        if not (joins or first.text in rules()["openers"] or (opens and _may_open(first, small) and span[1].text in rules()["joining"])):
            break
        span = span[1:]
    if span[-1].text not in rules()["heads"]["law"] and all(
        token.text in rules()["no_names"] or token.text in rules()["joining"] for token in span[:-1]
    ):
        return span[-1:]
    return span


def _may_open(token: Token, small: set[str]) -> bool:
    return token.lower_ in small or token.text in rules()["openers_before_joining"]


def _is_small_name(span: Span, small: set[str]) -> bool:
    return span.start > 0 and not any(token.lower_ in small or token.text in rules()["abbreviations"] for token in span[:-1])


def _with_places(docs: list[Doc], found: list[list[_Name]], small: set[str], own: str | None) -> list[list[_Name]]:
    """The names and the places: the authority's own and those after "in", wherever they stand."""
    places = set(_placed(docs, found, small))
    if own and (place := authority.place(own)):
        places.add(place)
    if not places:
        return found
    pattern = re.compile(r"(?<![\w-])(?:" + "|".join(re.escape(place) for place in sorted(places, key=len, reverse=True)) + r")(?![\w-])")
    return [
        sorted([*names, *(
            _Name(EntityKind.PLACE, *match.span(), match.group())
            for match in pattern.finditer(doc.text)
            if not any(name.start < match.end() and match.start() < name.end for name in names)
        )], key=lambda name: name.start)
        for doc, names in zip(docs, found, strict=True)
    ]  # fmt: skip


def _placed(docs: Iterable[Doc], found: Iterable[list[_Name]], small: set[str]) -> Iterator[str]:
    """Names after a word of place, that nothing else explains."""
    for doc, names in zip(docs, found, strict=True):
        for token in doc[:-1]:
            if token.text not in rules()["places"]:
                continue
            if token.text == "of" and (token.i == 0 or doc[token.i - 1].lower_ not in rules()["before_of"]):
                continue
            end = token.i + 1
            while end < len(doc) and doc[end].text[:1].isupper() and doc[end].is_alpha and end - token.i <= 3:
                end += 1
            yield from _unexplained(doc[token.i + 1 : end], names, small)
        for token in doc[2:]:
            if token.text in rules()["place_before"]:
                start = token.i
                while start > 1 and doc[start - 1].text[:1].isupper() and doc[start - 1].is_alpha:
                    start -= 1
                yield from _unexplained(doc[start : token.i], names, small)


def _unexplained(span: Span, names: list[_Name], small: set[str]) -> Iterator[str]:
    """The words, if they are a name and part of no other."""
    words = [word.text for word in span]
    unusual = words and not any(
        w in rules()["not_places"] or w.isupper() or (w.lower() in small and w not in rules()["compass"]) for w in words
    )
    explained = any(name.start < span.end_char and span.start_char < name.end for name in names) if words else True
    if unusual and not explained and not all(word in rules()["compass"] for word in words):
        yield span.text
