"""Regular expressions that are tried only on texts in which they can match.

The library asks hundreds of rules of every sentence, and nearly all of them say no. What a match must contain ("per"
or "percent" and a figure, say) follows from the expression itself, so that a look at the words of a text tells which
rules are worth trying. What is found is what :mod:`re` finds, only sooner: this is the prefilter of search engines
over regular expressions (R. Cox, 2012, *Regular Expression Matching with a Trigram Index*) on words.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

# Python's own reader of expressions is private to it. Should a version hide it, every rule is tried on every text.
try:
    if sys.version_info >= (3, 11):
        from re import _constants as _codes  # type: ignore[attr-defined]
        from re import _parser  # type: ignore[attr-defined]
    else:
        import sre_constants as _codes
        import sre_parse as _parser
except ImportError:
    _codes = _parser = None

_DIGIT = "\\d"
"""Stands among the literals for any figure."""
_EDGE = "\0"
"""Stands in the literals, and in the words of a text, where a word begins or ends (``\\b``)."""
_EDGES = re.compile(r"\b")
_MOST = 256
"""Of literals in one requirement: more are not worth looking for."""
_STRANGE = frozenset("İıſK")
"""Letters that a rule without case takes for ones of the alphabet."""
_BLANK_OR_EDGE = frozenset(" \t\n\r\f\v" + _EDGE)
_COMMON = frozenset(",.-'’")
_LONG_WORD = 80
_MOST_WORDS = 50_000

Literals = frozenset[str]
_Node = tuple[Any, Any]
_BOUNDARY: _Node = (_codes.AT, _codes.AT_BOUNDARY) if _codes else (None, None)


class Rule:
    """A compiled expression; ``search``, ``finditer`` and ``sub`` give what those of :class:`re.Pattern` give.

    Examples
    --------
    >>> rule, = prepare([re.compile(r"wait(?:s|ed) \\d+ (?:days|weeks)", re.IGNORECASE)])
    >>> rule.search("Carers waited 6 weeks.").group(), rule.search("Carers waited.")
    ('waited 6 weeks', None)
    """

    __slots__ = ("finditer_", "fullmatch", "match", "needs", "pattern", "search_", "sub_")

    def __init__(self, pattern: re.Pattern[str]) -> None:
        self.pattern = pattern
        self.search_, self.finditer_, self.sub_ = pattern.search, pattern.finditer, pattern.sub
        self.match, self.fullmatch = pattern.match, pattern.fullmatch
        self.needs = 0

    def search(self, text: str, start: int = 0, end: int = sys.maxsize) -> re.Match[str] | None:
        """The first match, or None."""
        needs = self.needs
        return self.search_(text, start, end) if present(text) & needs == needs else None

    def finditer(self, text: str, start: int = 0, end: int = sys.maxsize) -> Iterable[re.Match[str]]:
        """All matches, in order."""
        needs = self.needs
        return self.finditer_(text, start, end) if present(text) & needs == needs else ()

    def sub(self, replacement: str | Callable[[re.Match[str]], str], text: str) -> str:
        """The text with every match replaced."""
        needs = self.needs
        return self.sub_(replacement, text) if present(text) & needs == needs else text


_requirements: dict[Literals, int] = {}
_bits: dict[str, set[int]] = {}
_looked_for: list[tuple[str, int]] = []
_words: dict[str, tuple[int, int]] = {}
"""The requirements that a word fulfils, and how many of ``_looked_for`` have been looked at for it."""


def prepare(patterns: Iterable[re.Pattern[str]]) -> list[Rule]:
    """Rules of expressions. Those that are used together are best prepared together."""
    rules = [Rule(pattern) for pattern in patterns]
    for rule in rules:
        for literals in requirements(rule.pattern):
            bit = _requirements.setdefault(literals, 1 << len(_requirements))
            rule.needs |= bit
            for literal in literals:
                if bit not in _bits.setdefault(literal, set()):
                    _bits[literal].add(bit)
                    _looked_for.append((literal, bit))
    present.cache_clear()
    return rules


def which(rules: Iterable[Rule], text: str) -> list[bool]:
    """For each rule whether it finds something in the text."""
    bits = present(text)
    return [bits & rule.needs == rule.needs and rule.search_(text) is not None for rule in rules]


@lru_cache(maxsize=64)
def present(text: str) -> int:
    """The requirements that the words of a text fulfil, one a bit."""
    bits, known, all_ = 0, _words.get, len(_looked_for)
    for word in text.split():
        found, looked_at = known(word, (0, 0))
        if looked_at < all_:
            found = _look(word, found, looked_at)
        bits |= found
    return bits


def _look(word: str, bits: int, first: int) -> int:
    """The requirements that a word fulfils; remembered."""
    if len(word) > _LONG_WORD or not _STRANGE.isdisjoint(word):
        return -1
    small = _EDGES.sub(_EDGE, word.lower())
    figure = any(ch.isdecimal() for ch in word)
    for literal, bit in _looked_for[first:]:
        if literal in small or (literal == _DIGIT and figure):
            bits |= bit
    if len(_words) >= _MOST_WORDS:
        _words.clear()
    _words[word] = bits, len(_looked_for)
    return bits


class _Found(NamedTuple):
    """Of a part of an expression: the strings that it stands for, if they are few; else what every match of it contains."""

    exact: frozenset[str] | None
    needs: tuple[Literals, ...] = ()


_NOTHING = _Found(frozenset({""}))


def requirements(pattern: re.Pattern[str]) -> list[Literals]:
    """What every match contains: of each set at least one string, in one word of the text whose edges are marked.

    Examples
    --------
    >>> [sorted(literals) for literals in requirements(re.compile(r"\\bno (?:beds|places)|\\bf[ae]ll\\w*"))]
    [['\\x00beds', '\\x00fall', '\\x00fell', '\\x00places']]
    """
    if _parser is None:
        return []
    found = _sequence(_parser.parse(pattern.pattern, pattern.flags))
    needs = [*found.needs, *(_needed(found.exact) if found.exact is not None else ())]
    return sorted(dict.fromkeys(needs), key=_frequency)[:3]


def _sequence(parts: Iterable[_Node]) -> _Found:
    parts = list(parts)
    needs: list[Literals] = []
    run: frozenset[str] = frozenset({""})
    whole = True
    for number, (code, argument) in enumerate(parts):
        part = _part(code, argument, _edge(parts[number - 1 : number]), _edge(parts[number + 1 : number + 2]))
        if part.exact is not None and len(run) * len(part.exact) <= _MOST:
            run = frozenset(head + tail for head in run for tail in part.exact)
            continue
        whole = False
        needs += _needed(run)
        needs += part.needs if part.exact is None else ()
        run = part.exact if part.exact is not None else frozenset({""})
    return _Found(run) if whole else _Found(None, (*needs, *_needed(run)))


def _edge(parts: list[_Node]) -> list[_Node]:
    """A part that says that a word begins or ends here, if it is one: it holds for every branch beside it."""
    return [part for part in parts if part == _BOUNDARY]


def _part(code: Any, argument: Any, before: Sequence[_Node] = (), after: Sequence[_Node] = ()) -> _Found:
    if code is _codes.LITERAL:
        return _Found(frozenset({chr(argument).lower()}))
    if code is _codes.IN:
        return _class(argument)
    if (code, argument) == _BOUNDARY:
        return _Found(frozenset({_EDGE}))
    if code in (_codes.AT, _codes.ASSERT, _codes.ASSERT_NOT):
        return _NOTHING
    if code is _codes.SUBPATTERN:
        return _sequence([*before, *argument[-1], *after])
    if code is _codes.BRANCH:
        return _branch([_sequence([*before, *branch, *after]) for branch in argument[1]])
    if code in (_codes.MAX_REPEAT, _codes.MIN_REPEAT):
        least, most, inner = argument
        found = _sequence(inner)
        if most == 1 and found.exact is not None:
            return _Found(found.exact | {""}) if least == 0 else found
        if least == 0:
            return _Found(None)
        return _Found(None, found.needs if found.exact is None else tuple(_needed(found.exact)))
    return _Found(None)


def _class(members: list[tuple[Any, Any]]) -> _Found:
    if all(code is _codes.LITERAL for code, _ in members):
        return _Found(frozenset(chr(character).lower() for _, character in members))
    digits = (_codes.CATEGORY, _codes.CATEGORY_DIGIT)
    if all(member == digits or (member[0] is _codes.RANGE and _figures(*member[1])) for member in members):
        return _Found(None, (frozenset({_DIGIT}),))
    return _Found(None)


def _figures(first: int, last: int) -> bool:
    return chr(first) in "0123456789" and chr(last) in "0123456789"


def _branch(branches: list[_Found]) -> _Found:
    if all(found.exact is not None for found in branches):
        exact = frozenset[str]().union(*(found.exact or () for found in branches))
        if len(exact) <= _MOST:
            return _Found(exact)
    needs = [_rarest(found) for found in branches]
    together = frozenset[str]().union(*(literals or () for literals in needs))
    return _Found(None, (together,) if all(needs) and len(together) <= _MOST else ())


def _rarest(found: _Found) -> Literals | None:
    needs = found.needs if found.exact is None else tuple(_needed(found.exact))
    return min(needs, key=_frequency, default=None)


def _needed(strings: frozenset[str]) -> Iterator[Literals]:
    """The longest word of each string, where each has one."""
    words = [max(_marked(string), key=len, default=_EDGE) for string in strings]
    if all(word.strip(_EDGE) for word in words):
        yield frozenset(words)


def _marked(string: str) -> list[str]:
    """The words of a string, with edges marked where they are known: inside it, beside a space and where the expression says."""
    if not string.strip(_EDGE):
        return []
    first, last = string[0] in _BLANK_OR_EDGE, string[-1] in _BLANK_OR_EDGE
    words = [_EDGES.sub(_EDGE, word) for word in string.replace(_EDGE, "").split()]
    if words and not first:
        words[0] = words[0].lstrip(_EDGE)
    if words and not last:
        words[-1] = words[-1].rstrip(_EDGE)
    return words


def lacks(literals: Literals | None, text: str) -> bool:
    """Whether a text holds none of the literals, so that an expression that requires one cannot match."""
    if literals is None or _DIGIT in literals or not _STRANGE.isdisjoint(text):
        return False
    small = text.lower()
    return not any(literal.replace(_EDGE, "") in small for literal in literals)


def _frequency(literals: Literals) -> float:
    """Roughly how often one of them stands in a word."""
    return sum(
        0.05 if text == _DIGIT else 0.1 if text in _COMMON else 0.3 ** (len(text) + 2 * (not text.replace(_EDGE, "").isalnum()))
        for text in literals
    )
