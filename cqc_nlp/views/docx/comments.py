"""What the comments of a Word file say, and at which statements they stand."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from cqc_nlp.framework import SCORE_LABELS, SCORES
from cqc_nlp.schema import POLARITIES, Source, Statement, Theme
from cqc_nlp.views.docx.marks import Line, settings
from cqc_nlp.views.words import NO_THEME, SOURCE_NAMES, THEME_NAMES, palette, percent, signed

if TYPE_CHECKING:
    from cqc_nlp.assessment import Assessment
    from cqc_nlp.review import Finding

DISCLAIMER = "A prediction from the evidence as written. It supports judgement; it does not replace it."


def score_lines(assessment: Assessment) -> list[Line]:
    """What is to be said of a score besides its probabilities."""
    likely = " or ".join(map(str, assessment.prediction_set(0.9)))
    lines = [Line(f"Adjacent scores that hold the right one in nine reports of ten: {likely}.")]
    if assessment.report.published_score:
        lines.append(Line(f"Score printed in the document: {assessment.report.published_score} (not used)."))
    return lines


def legend() -> list[Line]:
    """The four marks, each in its own mark."""
    signs, underlines = palette()["polarities"], settings()["underline_names"]
    return [Line(f"{signs[p]['sign']} {str(p).capitalize()}: {underlines[p]}", polarity=p) for p in map(str, POLARITIES)]


def which(comments: str) -> str:
    """At which statements comments stand, in a sentence."""
    if comments == "all":
        return "Every statement has a comment."
    return "Comments stand at the statements that move the score most, at those whose tag is unsure and at those that the review names."


def weight(finding: Finding) -> str:
    """How much a finding weighs, and its section where the title does not name it."""
    return f"{finding.severity}, {finding.section}" if finding.section and finding.section not in finding.title else str(finding.severity)


def finding_line(finding: Finding, more: int = 0) -> Line:
    """A finding of the review in a line."""
    others = f" ({more} more statements like it.)" if more > 1 else " (One more statement like it.)" if more else ""
    return Line(f"Review ({weight(finding)}): {finding.title}. {finding.advice}{others}")


def overview(assessment: Assessment, findings: Iterable[Finding], comments: str) -> list[Line]:
    """The comment at the top: the score, how to read the marks, and what the review misses in the whole text."""
    shares = zip(SCORES, assessment.probabilities, strict=True)
    lines = [Line(f"Predicted score: {assessment.score}, {SCORE_LABELS[assessment.score]}", bold=True)]
    if assessment.caution:
        lines.append(Line(assessment.caution, bold=True))
    lines.append(Line("Probabilities: " + ", ".join(f"score {score} {percent(float(p))}" for score, p in shares) + "."))
    lines += [*score_lines(assessment), Line("How to read the marks", bold=True), *legend(), Line(which(comments))]
    missing = [finding_line(finding) for finding in findings if not finding.statements]
    if missing:
        lines += [Line("What the text as a whole lacks", bold=True), *missing]
    return [*lines, Line(DISCLAIMER)]


def remarks(assessment: Assessment, findings: Sequence[Finding], comments: str) -> dict[int, list[Line]]:
    """The comment on each statement that has one, by its position."""
    chosen = settings()
    position = {statement.start: number for number, statement in enumerate(assessment.statements)}
    effects = {position[statement.start]: effect for statement, effect in assessment.explain().statements}
    named: dict[int, list[Line]] = {}
    for finding in findings:
        more = len(finding.statements) - chosen["of_a_finding"]
        for statement in finding.statements[: chosen["of_a_finding"]]:
            named.setdefault(position[statement.start], []).append(finding_line(finding, max(more, 0)))
    sure = {n: assessment.statements[n].confidence for n in effects}
    unsure = sorted((n for n in effects if sure[n] < chosen["unsure_below"]), key=lambda n: sure[n])
    wanted = {n for n, effect in list(effects.items())[: chosen["most"]] if signed(effect) != "0"}
    wanted |= {*unsure[: chosen["unsure"]]} | named.keys()
    numbers = range(len(assessment.statements)) if comments == "all" else sorted(wanted)
    return {n: [*_remark(assessment.statements[n], effects.get(n, 0.0)), *named.get(n, ())] for n in numbers}


def _remark(statement: Statement, effect: float) -> list[Line]:
    sign = palette()["polarities"].get(str(statement.polarity), {}).get("sign", "")
    lines = [Line(f"{sign} {str(statement.polarity).capitalize()}, {percent(statement.confidence)} sure".strip(), bold=True)]
    if statement.also:
        lines.append(Line(f"It also holds: {', '.join(statement.also)}."))
    lines.append(Line(f"About: {', '.join(THEME_NAMES[Theme(theme)] for theme in statement.themes) or NO_THEME}."))
    if statement.source:
        lines.append(Line(f"Whose evidence: {SOURCE_NAMES[Source(statement.source)]}."))
    if statement.repeated:
        lines.append(Line("A copy of an earlier paragraph: not counted."))
    elif signed(effect) != "0":
        lines.append(Line(f"Moves the expected score by {signed(effect)}."))
    if statement.confidence < settings()["unsure_below"]:
        others = {label: statement.probabilities.get(label, 0.0) for label in map(str, POLARITIES) if label != statement.polarity}
        next_ = max(others, key=lambda label: others[label])
        lines.append(Line(f"The tag is unsure; {next_} comes next with {percent(others[next_])}. Read it yourself."))
    return lines
