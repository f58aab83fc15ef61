"""An assessment as plain values, ready for JSON."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from cqc_nlp.framework import SCORE_LABELS, SCORES

if TYPE_CHECKING:
    from cqc_nlp.assessment import Assessment
    from cqc_nlp.review import Finding
    from cqc_nlp.schema import Statement


def to_dict(assessment: Assessment) -> dict[str, Any]:
    """The report, the score with its probabilities, the evidence features and every statement."""
    report = assessment.report
    return {
        "name": report.name,
        "title": report.title,
        "authority": report.authority,
        "quality_statement": report.quality_statement,
        "published_score": report.published_score,
        "model": assessment.model,
        "score": assessment.score,
        "score_label": SCORE_LABELS[assessment.score],
        "probabilities": {str(score): float(p) for score, p in zip(SCORES, assessment.probabilities, strict=True)},
        "expected_score": assessment.expected_score,
        "prediction_set_90": list(assessment.prediction_set(0.9)),
        "familiarity": assessment.familiarity,
        "caution": assessment.caution,
        "features": assessment.features,
        "sections": [{"heading": s.heading, "kind": str(s.kind), "start": s.start, "end": s.end} for s in report.sections],
        "statements": [statement_dict(statement) for statement in assessment.statements],
        "review": [finding_dict(finding) for finding in assessment.review()],
    }


def statement_dict(statement: Statement) -> dict[str, Any]:
    """One statement as plain values."""
    return {
        "text": statement.text,
        "start": statement.start,
        "end": statement.end,
        "section": str(statement.section.kind),
        "heading": statement.section.heading,
        "polarity": str(statement.polarity),
        "also": [str(value) for value in statement.also],
        "themes": [str(value) for value in statement.themes],
        "source": str(statement.source) if statement.source else None,
        "confidence": statement.confidence,
        "probabilities": dict(statement.probabilities),
        "repeated": statement.repeated,
        "figures": [{**asdict(figure), "year": figure.year} for figure in statement.figures],
    }


def finding_dict(finding: Finding) -> dict[str, Any]:
    """One finding of the review as plain values; its statements by text and place."""
    return {
        "code": finding.code,
        "severity": str(finding.severity),
        "title": finding.title,
        "advice": finding.advice,
        "reason": finding.reason,
        "section": finding.section,
        "statements": [{"text": s.text, "start": s.start, "end": s.end} for s in finding.statements],
    }
