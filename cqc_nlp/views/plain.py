"""An assessment as plain values, ready for JSON."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from cqc_nlp.framework import SCORE_LABELS, SCORES

if TYPE_CHECKING:
    from cqc_nlp.assessment import Assessment
    from cqc_nlp.bands import BandProfile
    from cqc_nlp.comparison import Comparison, Versions
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
        **_result(assessment),
        "familiarity": assessment.familiarity,
        "caution": assessment.caution,
        "features": assessment.features,
        "sections": [{"heading": s.heading, "kind": str(s.kind), "start": s.start, "end": s.end} for s in report.sections],
        "statements": [statement_dict(statement) for statement in assessment.statements],
        "entities": [{**asdict(entity), "kind": str(entity.kind)} for entity in assessment.entities],
        "review": [finding_dict(finding) for finding in assessment.review()],
    }


def _result(assessment: Assessment) -> dict[str, Any]:
    return {
        "model": assessment.model,
        "score": assessment.score,
        "score_label": SCORE_LABELS[assessment.score],
        "probabilities": {str(score): float(p) for score, p in zip(SCORES, assessment.probabilities, strict=True)},
        "expected_score": assessment.expected_score,
        "prediction_set_90": list(assessment.prediction_set(0.9)),
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
        "speakers": [{**asdict(speaker), "source": str(speaker.source)} for speaker in statement.speakers],
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


def comparison_dict(comparison: Comparison) -> dict[str, Any]:
    """Assessments side by side as plain values; changes only where two documents are versions of one draft."""
    frame = comparison.to_frame()
    documents = []
    for name, assessment in zip(comparison.names, comparison.assessments, strict=True):
        rows = frame[name].reset_index().to_dict("records")
        evidence = [{str(k): None if v != v else v for k, v in row.items()} for row in rows]  # JSON has no NaN
        about = {"name": name, "authority": assessment.report.authority, **_result(assessment), "caution": assessment.caution}
        documents.append({**about, "evidence": evidence})
    versions = [_versions_dict(versions) for versions in comparison.versions]
    return {"caution": comparison.caution, "documents": documents, "versions": versions}


def _versions_dict(versions: Versions) -> dict[str, Any]:
    about = {"before": versions.before, "after": versions.after, "matched": versions.matched, "related": versions.related}
    if not versions.related:
        return {**about, "pairs": None}
    pairs = [
        {
            "change": pair.change,
            "moved": pair.moved,
            "retagged": list(pair.retagged),
            "similarity": pair.similarity,
            "before": statement_dict(pair.before) if pair.before else None,
            "after": statement_dict(pair.after) if pair.after else None,
        }
        for pair in versions.pairs
    ]
    return {**about, "pairs": pairs}


def band_dict(profile: BandProfile) -> dict[str, Any]:
    """An assessment beside the reports of a score, as plain values."""
    measures = [{**asdict(measure), "place": measure.place, "next": measure.next or None} for measure in profile.measures]
    about = {"name": profile.name, "score": profile.score, "reports": profile.reports, "next_reports": profile.next_reports}
    return {**about, "caveat": profile.caveat, "measures": measures}
