"""What a notebook shows of an assessment, a report, a comparison and the corpus: small, without scripts, light or dark."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from itertools import accumulate
from typing import TYPE_CHECKING, Any

from cqc_nlp.schema import POLARITIES
from cqc_nlp.views.html import environment, overview
from cqc_nlp.views.passages import Passage, PassageKind, passages
from cqc_nlp.views.words import percent

if TYPE_CHECKING:
    from cqc_nlp.assessment import Assessment
    from cqc_nlp.comparison import Comparison
    from cqc_nlp.corpus.summary import CorpusSummary
    from cqc_nlp.schema import Report, Statement

_MOST_CHARACTERS = 6000


def assessment_html(assessment: Assessment) -> str:
    """The score with its four probabilities, the evidence by theme, and the beginning of the text by polarity."""
    tagged = (passage for passage in passages(assessment.report, assessment.statements) if passage.kind is not PassageKind.ASIDE)
    shown, cut = _beginning(tagged)
    return _render("assessment", **overview(assessment), passages=shown, cut=cut)


def report_html(report: Report) -> str:
    """The sections of a report and the beginning of its text."""
    shown, cut = _beginning(passages(report, ()))
    rows = []
    for section in report.sections:
        inside = [paragraph for paragraph in report.paragraphs if paragraph.section == section]
        rows.append((section, len(inside), sum(len(report.text[p.start : p.end].split()) for p in inside)))
    return _render("report", report=report, rows=rows, passages=shown, cut=cut)


def comparison_html(comparison: Comparison) -> str:
    """The scores and the evidence of several documents, and what changed between versions of a draft."""
    documents = []
    for name, assessment in zip(comparison.names, comparison.assessments, strict=True):
        counts = Counter(str(s.polarity) for s in assessment.statements if not s.repeated)
        documents.append((name, {**overview(assessment), "polarities": [counts[str(p)] for p in POLARITIES]}))
    return _render("comparison", documents=documents, versions=comparison.versions, caution=comparison.caution)


def corpus_html(summary: CorpusSummary) -> str:
    """The splits of the corpus."""
    return _render("corpus", summary=summary)


def tags(statement: Statement) -> str:
    """The tags of a statement in a line, for a tooltip.

    Examples
    --------
    >>> from cqc_nlp.schema import Polarity, Section, SectionKind, Sentence, Source, Statement, Tag, Theme
    >>> sentence = Sentence("Carers waited for a break.", 0, 26, Section("", SectionKind.OTHER, 0, 26), 0)
    >>> tag = Tag(Polarity.SHORTFALL, themes=(Theme.CARERS,), source=Source.PEOPLE, confidence=0.96)
    >>> print(tags(Statement.of(sentence, tag)))
    shortfall (96% confident) · themes: carers · source: people
    """
    parts = [f"{statement.polarity} ({percent(statement.confidence)} confident)"]
    if statement.also:
        parts.append(f"also {', '.join(statement.also)}")
    parts.append(f"themes: {', '.join(statement.themes)}" if statement.themes else "no theme")
    if statement.source:
        parts.append(f"source: {statement.source}")
    if statement.repeated:
        parts.append("repeated, not counted")
    return " · ".join(parts)


def _beginning(all_passages: Iterable[Passage]) -> tuple[list[Passage], bool]:
    """The first passages, a heading and a paragraph at least, and whether more follow."""
    given = list(all_passages)
    lengths = accumulate(len(passage.text) for passage in given)
    shown = [passage for number, (passage, total) in enumerate(zip(given, lengths, strict=True)) if number < 2 or total <= _MOST_CHARACTERS]
    return shown, len(shown) < len(given)


def _render(view: str, **values: Any) -> str:
    from markupsafe import Markup

    env = environment()
    env.filters["tags"] = tags
    style = Markup(env.get_template("notebook.css").render())
    return env.get_template("notebook.html").render(view=view, style=style, **values)
