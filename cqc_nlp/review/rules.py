"""The checks of the review: each takes a draft and its settings and yields what it found."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import product
from typing import Any, NamedTuple

from cqc_nlp.review.draft import Draft, data_years, pattern, settings, shows_evidence, years
from cqc_nlp.schema import THEMES, Polarity, Source, Statement, Theme


class Hit(NamedTuple):
    """Where a rule holds, and the words for its reason."""

    statements: tuple[Statement, ...] = ()
    section: str = ""
    words: Mapping[str, object] = {}


Settings = Mapping[str, Any]
Rule = Callable[[Draft, Settings], Iterator[Hit]]
_THEME_NAMES = {Theme.CARERS: "unpaid carers", Theme.CAPACITY: "capacity", Theme.QUALITY: "the quality of services"}


def missing_section(draft: Draft, rule: Settings) -> Iterator[Hit]:
    """A section of the framework without a statement."""
    for heading in draft.missing_sections:
        yield Hit(section=heading)


def missing_theme(draft: Draft, rule: Settings) -> Iterator[Hit]:
    """A theme without a statement."""
    if draft.follows_framework and len(draft.statements) >= rule["least"]:
        for theme in THEMES:
            if not any(theme in s.themes for s in draft.statements):
                yield Hit(words={"theme": _theme_name(theme), "total": len(draft.statements)})


def missing_source(draft: Draft, rule: Settings) -> Iterator[Hit]:
    """A kind of evidence that no statement brings, neither by its tag nor by its wording."""
    spoken = pattern(rule["pattern"])
    heard = any(s.source == Source(rule["source"]) or spoken.search(s.text) for s in draft.statements)
    if not heard and len(draft.statements) >= rule["least"]:
        yield Hit(words={"total": len(draft.statements)})


def unsupported(draft: Draft, rule: Settings) -> Iterator[Hit]:
    """Strengths with no evidence in their paragraph, where they are most of those of a section or theme."""
    groups: list[tuple[str, str, Sequence[Statement]]]
    if rule["by"] == "section":
        groups = [(heading, "", statements) for (_, heading), statements in draft.sections.items()]
    else:
        groups = [("", _theme_name(theme), [s for s in draft.statements if theme in s.themes]) for theme in THEMES]
    for section, theme, statements in groups:
        strengths = [s for s in statements if s.polarity == Polarity.STRENGTH]
        bare = [s for s in strengths if not any(map(shows_evidence, draft.paragraphs[s.paragraph]))]
        if _many(bare, strengths, rule):
            yield Hit(tuple(bare), section, {"count": len(bare), "total": len(strengths), "theme": theme})


def shortfall_without_plan(draft: Draft, rule: Settings) -> Iterator[Hit]:
    """Shortfalls that no plan and no action answers, where they are most of those of a section."""
    for (_, heading), statements in draft.sections.items():
        shortfalls = [s for s in statements if s.polarity == Polarity.SHORTFALL and s.confidence >= rule["confidence"]]
        open_ones = [s for s in shortfalls if not _answered(s, draft, statements)]
        if _many(open_ones, shortfalls, rule):
            yield Hit(tuple(open_ones), heading, {"count": len(open_ones), "total": len(shortfalls)})


def _answered(shortfall: Statement, draft: Draft, section: Iterable[Statement]) -> bool:
    """Whether a plan stands beside it, or its paragraph goes on to what was done."""
    near = [s for s in section if s.paragraph == shortfall.paragraph or (s.paragraph == shortfall.paragraph + 1 and _related(s, shortfall))]
    if any(s.polarity == Polarity.PLAN or Polarity.PLAN in s.also or pattern("answer").search(s.text) for s in near):
        return True
    return any(s.polarity == Polarity.STRENGTH for s in draft.following(shortfall))


def _related(one: Statement, other: Statement) -> bool:
    return bool(set(one.themes) & set(other.themes))


def vague_plans(draft: Draft, rule: Settings) -> Iterator[Hit]:
    """Plans of the authority's own draft that say, in their sentence and the next, neither when nor who nor how much."""
    if not draft.first_person:
        return
    plans = [s for s in draft.statements if s.polarity == Polarity.PLAN and s.confidence >= rule["confidence"]]
    plans = [s for s in plans if not pattern("no_plan").search(s.text)]
    vague = [s for s in plans if not _detailed(" ".join(t.text for t in (s, *draft.following(s)[:1])))]
    if _many(vague, plans, rule):
        yield Hit(tuple(vague), words={"count": len(vague), "total": len(plans)})


def _detailed(text: str) -> bool:
    return any(pattern(name).search(text) for name in ("date", "owner", "measure"))


def outcomes_not_shown(draft: Draft, rule: Settings) -> Iterator[Hit]:
    """A section of strengths in which nothing says what changed for people."""
    for (_, heading), statements in draft.sections.items():
        strengths = [s for s in statements if s.polarity == Polarity.STRENGTH]
        shown = any(s.source in (Source.PEOPLE, Source.DATA) or pattern("outcome").search(s.text) for s in statements)
        if not shown and len(strengths) >= rule["least"]:
            yield Hit(tuple(strengths), heading, {"total": len(strengths)})


def over_claiming(draft: Draft, rule: Settings) -> Iterator[Hit]:
    """Superlatives of the authority's own, with no evidence in the sentence or the next one."""
    if not draft.first_person:
        return
    claims = [s for s in draft.statements if pattern("claims").search(s.text) and not pattern("not_claims").search(s.text)]
    bare = [s for s in claims if not any(shows_evidence(t) and t.polarity != Polarity.SHORTFALL for t in (s, *draft.following(s)[:1]))]
    if bare:
        words = dict.fromkeys(match.group().lower() for s in bare for match in pattern("claims").finditer(s.text))
        yield Hit(tuple(bare), words={"count": len(bare), "list": ", ".join(f'"{word}"' for word in words)})


def claim_against_figure(draft: Draft, rule: Settings) -> Iterator[Hit]:
    """A strength, and nothing else, whose one compared figure is worse than that of others.

    Both numbers must stand in the statement, and no word that says that they are good: "reduced to", "higher than".
    """
    for s in draft.statements:
        compared = [figure for figure in s.figures if figure.comparator_value is not None]
        claimed = s.polarity == Polarity.STRENGTH and not s.also and s.confidence >= rule["confidence"]
        if not claimed or len(compared) != 1 or pattern("favourable").search(s.text):
            continue
        figure = compared[0]
        printed = all(re.search(rf"(?<![\d.]){value:.10g}(?!\d|\.\d)", s.text) for value in (figure.value, figure.comparator_value))
        if figure.direction == "worse" and printed and pattern("others").search(figure.comparator or ""):
            yield Hit((s,), _heading(draft, s))


def contradiction(draft: Draft, rule: Settings) -> Iterator[Hit]:
    """A strength and a shortfall of one section and theme that share their words and stand apart.

    Within a paragraph the two are mostly a contrast that the writer meant, and a year or a word such as "however" sets them apart too.
    """
    for (_, heading), statements in draft.sections.items():
        sure = [s for s in statements if s.confidence >= rule["confidence"] and s.themes and not s.also]
        sure = [s for s in sure if not years(s.text) and not pattern("contrast").search(s.text)]
        strengths = [(s, _content(s.text)) for s in sure if s.polarity == Polarity.STRENGTH]
        shortfalls = [(s, _content(s.text)) for s in sure if s.polarity == Polarity.SHORTFALL]
        for (one, first), (other, second) in product(strengths, shortfalls):
            shared = len(first & second)
            alike = shared >= rule["shared"] and shared >= rule["overlap"] * min(len(first), len(second))
            if alike and one.paragraph != other.paragraph and _related(one, other):
                yield Hit(tuple(sorted((one, other), key=lambda s: s.start)), heading)


def _content(text: str) -> set[str]:
    words = set(re.findall(r"[a-z]{4,}", text.lower())) - set(settings()["common_words"])
    return {word.removesuffix("s") for word in words}


def said_twice(draft: Draft, rule: Settings) -> Iterator[Hit]:
    """Statements that are the same but for a word or two; figures must be the same."""
    bags = [(s, set(re.findall(r"[a-z]+", s.text.lower())), re.findall(r"\d+", s.text)) for s in draft.statements]
    told: set[int] = set()
    for number, (s, words, figures) in enumerate(bags):
        if len(words) < rule["words"] or number in told:
            continue
        again = [
            later for later in range(number + 1, len(bags))
            if bags[later][2] == figures and len(words & bags[later][1]) >= rule["overlap"] * len(words | bags[later][1])
        ]  # fmt: skip
        told.update(again)
        if again:
            yield Hit((s, *(bags[later][0] for later in again)), _heading(draft, s))


def acronyms(draft: Draft, rule: Settings) -> Iterator[Hit]:
    """Abbreviations that are used and nowhere spelt out."""
    known, joining = set(settings()["well_known"]), set(settings()["joining_words"])
    first: dict[str, Statement] = {}
    for s in draft.statements:
        if not s.text.isupper():
            for word in re.findall(settings()["acronym"], s.text):
                first.setdefault(word, s)
    words = [word for word in re.findall(r"[A-Za-z]+|[.;:\n]", draft.text) if word not in joining]
    initials = "".join(word[0] if word.istitle() else "." for word in words)
    unknown = [
        word for word in first
        if word not in known and word not in initials and not re.search(rf"\({word}s?\)|\b{word}s? \([A-Za-z]", draft.text)
    ]  # fmt: skip
    if unknown:
        using = [s for s in draft.statements if any(first[word] is s for word in unknown)]
        yield Hit(tuple(using), words={"list": ", ".join(unknown)})


def stale_evidence(draft: Draft, rule: Settings) -> Iterator[Hit]:
    """Data whose newest year lies years before the document's own."""
    if draft.dated is None:
        return
    year, basis = draft.dated
    stale: list[tuple[Statement, int]] = []
    for s in draft.statements:
        data = s.source == Source.DATA or any(speaker.source == Source.DATA for speaker in s.speakers)
        named = [named for named in data_years(s) if named <= year + 1] if data else []  # later ones are of forecasts
        limit = rule["slow_years" if pattern("slow_sources").search(s.text) else "years"]
        if named and year - max(named) >= limit:
            stale.append((s, max(named)))
    if stale:
        count = "one statement" if len(stale) == 1 else f"{len(stale)} statements"
        words = {"count": count, "list": " or ".join(map(str, sorted({newest for _, newest in stale})))}
        words["dated"] = rule["dated"][basis].format(year=year)
        yield Hit(tuple(s for s, _ in stale), words=words)


def length(draft: Draft, rule: Settings) -> Iterator[Hit]:
    """Sections of the framework far shorter or longer than published ones."""
    for (kind, heading), statements in draft.sections.items():
        words = sum(len(s.text.split()) for s in statements)
        if draft.follows_framework and (words < rule.get("below", {}).get(kind, 0) or words > rule.get("above", {}).get(kind, words)):
            yield Hit(section=heading, words={"words": words})


def _many(some: Sequence[Statement], of: Sequence[Statement], rule: Settings) -> bool:
    return len(some) >= max(int(rule["least"]), float(rule["share"]) * len(of))


def _heading(draft: Draft, statement: Statement) -> str:
    return next(heading for (_, heading), statements in draft.sections.items() if statement in statements)


def _theme_name(theme: Theme) -> str:
    return _THEME_NAMES.get(theme, f"the {theme}")


RULES: dict[str, Rule] = {
    rule.__name__: rule
    for rule in (
        missing_section, missing_theme, missing_source, unsupported, shortfall_without_plan, vague_plans, outcomes_not_shown,
        over_claiming, claim_against_figure, contradiction, said_twice, acronyms, stale_evidence, length,
    )
}  # fmt: skip
