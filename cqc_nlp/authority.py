"""The authority that a document is about: which it is, and the text without its name.

A model that sees names could learn which authorities did well. So a name becomes "the local authority" or
"the area", the same words whatever the name.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from functools import lru_cache
from importlib.resources import files

from cqc_nlp.patterns import lacks, requirements

_WORDS: dict[str, list[str]] = json.loads(files("cqc_nlp").joinpath("data/authority.json").read_text(encoding="utf-8"))


def _any_of(name: str) -> str:
    return f"(?:{'|'.join(_WORDS[name])})"


# Forms of name: "Example County Council", "London Borough of Example", "Isle of Example Council", "EXAMPLE COUNCIL".
_WORD_OF_NAME = rf"(?!(?i:council|{_any_of('title_words')})(?![^\W_]))(?:(?i:St\.)|[A-Z][\w'’-]+)"
_LINK = r"(?:[ ]|,[ ](?=[A-Z]\w+[ ](?i:and)[ ]))(?:(?i:and|&|upon|of|on|with|the|in|under)[ ]){0,2}"
_NAME = rf"{_WORD_OF_NAME}(?:{_LINK}{_WORD_OF_NAME}){{0,6}}"
_FORMAL = re.compile(
    rf"(?:(?i:(?:London|Royal|Metropolitan)[ ]Borough[ ]of)[ ]{_NAME}"
    rf"|(?i:Isles?|City|County|Council|Borough|Vale)[ ](?i:of)[ ](?:(?i:the)[ ])?{_NAME}(?:[ ](?i:Council))?"
    rf"|{_NAME}[ ](?:Council|COUNCIL))(?![^\W_])"
)
_ANCHOR = re.compile(r"council|(?:isles?|city|county|borough|vale) of ", re.IGNORECASE)
_STOP = re.compile(r"(?<!st)\.|\n", re.IGNORECASE)
_OPENER = re.compile(rf"(?i:{_any_of('openers')})[ ]")
_OTHER_BODY = re.compile(rf"(?:.*[ ])?{_any_of('other_bodies')}['’]?[ ]Council|{_any_of('no_names')}[ ]Council", re.IGNORECASE)
_NO_PLACE = re.compile(rf"{_any_of('no_names')}(?:[ ].*)?|\W*", re.IGNORECASE)
_SENTENCE_START = re.compile(r"(?:\A|[\n.!?])[\W_]*(?:[Tt]he )?\Z")
_STATED = re.compile(r"(?m)^[^\w\n]*(?i:(?:local )?(?:authority|council)(?: name)?)[^\w\n]*:[^\w\n]*([A-Z].{2,80}?)[^\w\n]*$")

# What stands before and after the place in the name of an authority.
_RANK = r"(?:metropolitan|royal|london|unitary|district|county|city|borough)"
_BODY = r"(?:council|authority|corporation|[CLM]BC)"
_BEFORE_PLACE = re.compile(
    rf"(?:the )?(?:(?:{_RANK} )*(?:borough|city|county|district)(?: council)?|council) of (?:the )?|the ", re.IGNORECASE
)
_AFTER_PLACE = re.compile(rf"(?: {_RANK})*(?: {_BODY})$", re.IGNORECASE)
# A closing quotation mark after a name in -s looks like a possessive; a small letter must follow.
_POSSESSIVE = r"(?P<possessive>['’](?:[sS](?![^\W_])|(?<=[sS]['’])(?=\s+[a-z])))?"
_WEB_ADDRESS = re.compile(r"(?<![\w./:@+-])[\w./:@+-]*\.gov\.uk(?:/[\w./%?=&#~-]*[\w/])?")


def find(text: str, title: str | None = None) -> str | None:
    """The authority that the title names, or that the text states or names again and again.

    Parameters
    ----------
    text, title : str
        Of the document.

    Examples
    --------
    >>> find("Since Example City Council changed its offer, waits in Example have fallen.")
    'Example City Council'
    >>> find("We share a night service with Example City Council.") is None
    True
    """
    for name, _ in _named(title or ""):
        return name
    if stated := _STATED.search(text):
        return next((name for name, _ in _named(stated.group(1))), stated.group(1))
    named = _named(text)
    counts = Counter(name for name, _ in named)
    if not counts:
        return None
    name, count = counts.most_common(1)[0]
    # One mention may be of a neighbour, unless the place is named again or what is said is said of it.
    mentions = (pattern := _pattern(place(name))) and sum(1 for _ in pattern.finditer(text))
    start = named[0][1]
    subject = len(counts) == 1 and _SENTENCE_START.search(text, max(0, start - 20), start) is not None
    return name if max(count, mentions or 0) > 1 or subject else None


@lru_cache(maxsize=4)
def _named(text: str) -> tuple[tuple[str, int], ...]:
    """Names of authorities in a text, and where each stands."""
    return tuple(name for start, end in _places(text) for name in _names(text, start, end))


def _places(text: str) -> Iterator[tuple[int, int]]:
    """The parts of a text, between two stops, in which a name may stand: there is a word that every name has."""
    end = 0
    for match in _ANCHOR.finditer(text):
        if match.start() >= end:
            start = max((stop.end() for stop in _STOP.finditer(text, end, match.start())), default=end)
            stop = _STOP.search(text, match.end())
            end = stop.start() if stop else len(text)
            yield start, end


def _names(text: str, first: int, last: int) -> Iterator[tuple[str, int]]:
    for match in _FORMAL.finditer(text, first, last):
        name, start = match.group(), match.start()
        while (opener := _OPENER.match(name)) and not re.match(r"(?i:council of)", name):
            name, start = name[opener.end() :], start + opener.end()
        if name.count(" ") and not _OTHER_BODY.fullmatch(name):
            yield name, start


@lru_cache(maxsize=512)
def place(authority: str) -> str:
    """The place in the name of an authority; nothing where it has none.

    Examples
    --------
    >>> place("London Borough of Example"), place("North Example Metropolitan Borough Council"), place("The Council")
    ('Example', 'North Example', '')
    """
    name = " ".join(authority.split())
    name = _AFTER_PLACE.sub("", _BEFORE_PLACE.sub("", name, count=1))
    return "" if _NO_PLACE.fullmatch(name) or not any(ch.isupper() for ch in name) else name


def _spelling(name: str) -> str:
    """A pattern of the ways to print a name: capitals, "&" for "and", hyphens or spaces, either apostrophe, "St" or "St."."""
    words = []
    for word in re.split(r"[\s,–-]+", name.strip()):
        if word.casefold() in ("and", "&"):
            words.append("(?:(?i:and)|&(?:amp;)?)")
        elif word.casefold().rstrip(".") in ("st", "saint"):
            words.append(r"(?i:st\.?|saint)")
        elif word.islower() and word.isalpha():
            words.append(f"(?i:{word})")
        else:
            forms = dict.fromkeys((word, word.upper(), word.title() if word.isupper() else word))
            words.append("(?:" + "|".join(re.sub("['’]", "['’]?", re.escape(form)) for form in forms) + ")")
    return r"(?:,?\s*[–-]\s*|,?\s+)".join(words)


@lru_cache(maxsize=512)
def _pattern(name: str) -> re.Pattern[str] | None:
    """Every mention of a place and its council, with the words around it that its wording hangs on."""
    if not name:
        return None
    own = rf"(?:{_any_of('directions')}\s+)?{_spelling(name)}(?![^\W_])"
    rank_of = r"(?:borough|city|county|district)"
    return re.compile(
        r"(?<![^\W_])(?:(?P<article>(?i:an?|the))\s+)?"
        rf"(?:(?P<council>(?i:(?:council|(?:(?:london|royal|metropolitan)\s+)+borough)\s+of\s+(?:the\s+)?){own}(?:\s+(?i:council)(?![^\W_]))?"
        rf"|(?i:{rank_of}\s+(?:council\s+)?of\s+(?:the\s+)?){own}\s+(?i:council)(?![^\W_])"
        rf"|{own}(?:\s+(?i:{_RANK}))*\s+(?i:local\s+authority|{_BODY})(?![^\W_]))"
        rf"|(?i:(?P<rank>{rank_of})\s+of\s+){own}"
        rf"|{own}\s+(?P<rank_after>(?i:{rank_of}))(?![^\W_])(?!\s+[A-Z])"
        rf"|{own})"
        rf"(?:\s*\((?:[A-Z][A-Z&]{{1,7}}|(?i:[\"'“‘]?the (?:council|authority|borough)[\"'”’]?))\))?{_POSSESSIVE}"
    )


_BEFORE = re.compile(r"([^\W\d_][\w'’]*)\s+$")
_DETERMINER = re.compile(_any_of("determiners"), re.IGNORECASE)
_CONNECTING = re.compile(_any_of("connecting"), re.IGNORECASE)
_DESCRIBED = re.compile(rf"\s+(?:{_any_of('described')})(?![^\W_])")
_NAMES_A_BODY = re.compile(r"\s+(?!(?i:good|outstanding|requires|inadequate)(?![^\W_]))[A-Z][^\W\d_]")


def mask(text: str, authority: str | None) -> str:
    """The text with neutral words for the name of the authority and its place.

    Parameters
    ----------
    text : str
        A sentence or a line.
    authority : str or None
        The name, as the document prints it.

    Examples
    --------
    >>> mask("Example County Council knew that Example's carers waited.", "Example County Council")
    "The local authority knew that the area's carers waited."
    >>> mask("A NORTH & SOUTH EXAMPLE resident praised it.", "London Borough of North and South Example")
    'A local resident praised it.'
    """
    pattern = _pattern(place(authority)) if authority else None
    if pattern is None:
        return text
    if ".gov.uk" in text:
        text = _WEB_ADDRESS.sub("the website", text)
    return text if lacks(_wanted(pattern), text) else pattern.sub(_neutral, text)


@lru_cache(maxsize=512)
def _wanted(pattern: re.Pattern[str]) -> frozenset[str] | None:
    """What a text must hold to name the place."""
    return next(iter(requirements(pattern)), None)


def _neutral(match: re.Match[str]) -> str:
    """The words that stand for one mention, by what stands before and after it."""
    text, article = match.string, (match["article"] or "").lower()
    before = _BEFORE.search(text, max(0, match.start() - 40), match.start())
    word = before.group(1) if before else ""
    determined = bool(article or _DETERMINER.fullmatch(word))
    named_before = bool(word[:1].isupper() and not article and not _CONNECTING.fullmatch(word) and not _DETERMINER.fullmatch(word))
    names_after = bool(_NAMES_A_BODY.match(text, match.end())) and not match["possessive"]
    if match["council"]:
        words = "local authority"
    elif rank := match["rank"] or match["rank_after"]:
        words = rank.lower()
    elif match["possessive"]:
        words, determined = "area", bool(article)
    elif text[match.end() : match.end() + 1] == "-":
        words, determined = "area", True
    elif names_after or (determined and article != "the") or (article and text[match.end() :].lstrip()[:1].islower()):
        words = "local"
    elif _DESCRIBED.match(text, match.end()) and word not in ("In", "Within"):
        words, determined = "local", True
    elif named_before:
        words = "in the area"
    else:
        words = "area"
    if article in ("a", "an"):
        words = f"an {words}" if words == "area" else f"a {words}"
    elif article == "the" or (not determined and not words.startswith("in ") and not (named_before and words == "local")):
        words = f"the {words}"
    if match["possessive"]:
        words += match["possessive"][0] + "s"
    opens = not any(ch.isalnum() for ch in text[: match.start()])
    return words[0].upper() + words[1:] if opens else words
