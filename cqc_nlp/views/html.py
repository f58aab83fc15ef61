"""An assessment as one HTML file that shows everything, asks nothing of a network and runs nothing but its own script.

The file names in its content security policy the hashes of its style and script: a browser runs these and nothing else,
whatever the document says.
"""

from __future__ import annotations

import base64
import hashlib
import math
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cqc_nlp.framework import SCORE_LABELS, SCORES, SECTIONS
from cqc_nlp.schema import POLARITIES, SOURCES, THEMES, SectionKind, Source, Statement
from cqc_nlp.views.passages import Passage, PassageKind, passages
from cqc_nlp.views.words import NO_THEME, OTHER_HEADINGS, SOURCE_NAMES, THEME_NAMES, palette, percent, section_name, shortened, signed

if TYPE_CHECKING:
    from jinja2 import Environment

    from cqc_nlp.assessment import Assessment

_MAIN = 5
_OWN_HEADINGS = 10
_SHADES = 4
_UNSURE = 0.6
_LEAST_LINES = 4
_SIZES = 8


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a heat map, or an option of a filter: its key, its name, and (count, shade) for each polarity."""

    key: str
    name: str
    cells: tuple[tuple[int, int], ...]

    @property
    def total(self) -> int:
        """How many statements it holds."""
        return sum(count for count, _ in self.cells)


@cache
def environment() -> Environment:
    """The templates of the views: every value is escaped, and a missing one is an error."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    made = Environment(
        loader=PackageLoader("cqc_nlp", "views/templates"), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    made.filters.update(percent=percent, signed=signed, shortened=shortened)
    made.globals.update(palette=palette(), POLARITIES=POLARITIES)
    return made


def to_html(assessment: Assessment) -> str:
    """The whole report as one HTML document."""
    from markupsafe import Markup

    import cqc_nlp

    env = environment()
    style = env.get_template("report.css").render(sizes=[2**step * _LEAST_LINES for step in range(_SIZES)])
    script = source("report.js")
    return env.get_template("report.html").render(
        **overview(assessment),
        **_text(assessment),
        style=Markup(style),
        script=Markup(script),
        style_hash=_digest(style),
        script_hash=_digest(script),
        version=cqc_nlp.__version__,
    )


def source(name: str) -> str:
    """A template file as it stands, with plain line ends: a browser hashes a script after it has made them so."""
    env = environment()
    assert env.loader
    return "\n".join(env.loader.get_source(env, name)[0].splitlines())


def overview(assessment: Assessment) -> dict[str, Any]:
    """What every HTML view says first: the document, the score and where its evidence lies."""
    report = assessment.report
    counted = [s for s in assessment.statements if not s.repeated]
    likely = assessment.prediction_set(0.9)
    return {
        "report": report,
        "title": report.authority or report.title or report.name,
        "model": Path(assessment.model).name,
        "caution": assessment.caution,
        "score": assessment.score,
        "label": SCORE_LABELS[assessment.score],
        "expected": assessment.expected_score,
        "scores": [
            (score, SCORE_LABELS[score], float(p), score in likely) for score, p in zip(SCORES, assessment.probabilities, strict=True)
        ],
        "likely": likely,
        "statements": assessment.statements,
        "counted": len(counted),
        "repeated": len(assessment.statements) - len(counted),
        "themes": _heat([*THEME_NAMES.items(), ("none", NO_THEME)], counted, _theme_keys),
        "sections": _heat(section_rows(assessment).items(), counted, section_keys(assessment)),
    }


def section_rows(assessment: Assessment) -> dict[str, str]:
    """The sections that hold statements: key → name. The five of the framework, then the document's own headings if they are few."""
    found = {s.section.kind for s in assessment.statements}
    rows = {section.kind: section.heading for section in SECTIONS if section.kind in found}
    own = list(dict.fromkeys(section_name(s.section) for s in assessment.statements if s.section.kind is SectionKind.OTHER))
    if len(own) > _OWN_HEADINGS:
        return {**rows, "other": OTHER_HEADINGS}
    return {**rows, **{f"other-{number}": name for number, name in enumerate(own, start=1)}}


def section_keys(assessment: Assessment) -> Callable[[Statement], list[str]]:
    """Which of :func:`section_rows` a statement stands in."""
    rows = section_rows(assessment)
    own = {name: key for key, name in rows.items() if key.startswith("other-")}

    def keys(statement: Statement) -> list[str]:
        if statement.section.kind is not SectionKind.OTHER:
            return [str(statement.section.kind)]
        return [own.get(section_name(statement.section), "other")]

    return keys


def _theme_keys(statement: Statement) -> list[str]:
    return [str(theme) for theme in statement.themes] or ["none"]


def _heat(names: Iterable[tuple[str, str]], statements: Sequence[Statement], keys: Callable[[Statement], list[str]]) -> list[Row]:
    """Counts of statements by row and polarity; shades run from 0 for none to 4 for the largest count."""
    rows = [(str(key), name) for key, name in names]
    counts = Counter((key, statement.polarity) for statement in statements for key in keys(statement))
    most = max(counts.values(), default=1)
    return [Row(key, name, tuple((n := counts[key, p], math.ceil(n * _SHADES / most)) for p in POLARITIES)) for key, name in rows]


def _text(assessment: Assessment) -> dict[str, Any]:
    """The document itself, the review, and what the score rests on."""
    explanation = assessment.explain()
    # A statement stands where no other does: its start tells it from every other, and from a copy of itself.
    numbers = {s.start: number for number, s in enumerate(assessment.statements, start=1)}
    effects = {s.start: effect for s, effect in explanation.statements}
    keys = section_keys(assessment)
    findings = [
        (number, finding, [(numbers[s.start], s) for s in finding.statements])
        for number, finding in enumerate(assessment.review(), start=1)
    ]
    named: dict[int, list[int]] = {}
    for number, _, about in findings:
        for place, _ in about:
            named.setdefault(place, []).append(number)
    rows = section_rows(assessment)
    by_section: dict[str, float] = dict.fromkeys(rows, 0.0)
    for statement, contribution in explanation.contributions:
        by_section[keys(statement)[0]] += contribution
    by_theme = explanation.by_theme()
    main = [(numbers[s.start], s, effect) for s, effect in explanation.statements]
    return {
        "parts": _parts(passages(assessment.report, assessment.statements)),
        "sources": [(who, SOURCE_NAMES[who]) for who in SOURCES if any(s.source == who for s in assessment.statements)],
        "effects": effects,
        "section_key": {s.start: keys(s)[0] for s in assessment.statements},
        "theme_keys": {s.start: _theme_keys(s) for s in assessment.statements},
        "tag_lines": {s.start: _tag_line(s) for s in assessment.statements},
        "unsure": _UNSURE,
        "findings": findings,
        "named": named,
        "explanation": explanation,
        "rests": [
            ("By section", _bars([(rows[key], value) for key, value in by_section.items()])),
            ("By theme", _bars([(name, by_theme[key]) for key, name in [*_theme_names(), (NO_THEME, NO_THEME)] if key in by_theme])),
        ],
        "raising": [row for row in main if row[2] > 0][:_MAIN],
        "lowering": [row for row in main if row[2] < 0][:_MAIN],
    }


def _parts(all_passages: Iterable[Passage]) -> list[tuple[int, list[Passage]]]:
    """The passages cut before each heading, with a step for how high they stand.

    A browser need not lay out the parts that are out of sight; the step says how much room to leave for them.
    """
    parts: list[list[Passage]] = []
    for passage in all_passages:
        if not parts or passage.kind is PassageKind.HEADING:
            parts.append([])
        parts[-1].append(passage)
    return [(_size(part), part) for part in parts]


def _size(part: Sequence[Passage]) -> int:
    """Which of the heights of ``report.css`` is nearest: each is the double of the one before."""
    lines = sum(2 + len(passage.text) / 60 for passage in part)
    return min(max(round(math.log2(lines / _LEAST_LINES)), 0), _SIZES - 1)


def _tag_line(statement: Statement) -> str:
    """What stands after a statement in the text; its polarity is said by the sign before it."""
    parts = [
        f"also {', '.join(statement.also)}" if statement.also else "",
        ", ".join(statement.themes),
        "document" if statement.source == Source.ASSESSOR else str(statement.source or ""),
        "unsure" if statement.confidence < _UNSURE else "",
        "repeated, not counted" if statement.repeated else "",
    ]
    return " · ".join(filter(None, parts))


def _theme_names() -> list[tuple[str, str]]:
    return [(str(theme), THEME_NAMES[theme]) for theme in THEMES]


def _bars(values: Sequence[tuple[str, float]]) -> list[tuple[str, float, float, float]]:
    """For each (name, value) where its bar begins and how wide it is, in per cent of a scale with nought in the middle."""
    widest = max((abs(value) for _, value in values), default=0.0) or 1.0
    return [(name, value, 50 + min(value, 0) / widest * 50, abs(value) / widest * 50) for name, value in values]


def _digest(text: str) -> str:
    """The hash of an inlined style or script, as a content security policy names it."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
