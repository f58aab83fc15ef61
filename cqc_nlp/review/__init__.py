"""A critical friend: what a careful reader would ask of an assessment before others read it.

Every rule, threshold and sentence of advice stands in ``data/review.json``.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cqc_nlp.review.draft import Draft, settings
from cqc_nlp.review.rules import RULES
from cqc_nlp.schema import Label, Report, Statement

if TYPE_CHECKING:
    from cqc_nlp.assessment import Assessment


class Severity(Label):
    """How much a finding weighs."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


@dataclass(frozen=True, slots=True)
class Finding:
    """Something to put right, with the reason and one piece of advice.

    Attributes
    ----------
    code : str
        What kind of finding it is, for instance ``"no-people-voice"``; ``without`` takes it.
    severity : Severity
        ``"high"``, ``"medium"`` or ``"low"``.
    title : str
        The finding in a few words.
    advice : str
        What to do next, in one sentence.
    reason : str
        What it rests on.
    section : str
        The heading that it is about, empty for the whole document.
    statements : tuple of Statement
        The statements that it is about, in order; empty where something is missing.
    """

    code: str
    severity: Severity
    title: str
    advice: str
    reason: str
    section: str = ""
    statements: tuple[Statement, ...] = ()


CODES: tuple[str, ...] = tuple(settings()["findings"])
"""Every code, in the order of ``data/review.json``."""


def review(assessment: Assessment | Iterable[Statement], *, without: Collection[str] = ()) -> tuple[Finding, ...]:
    """What is missing, unsupported or unclear in an assessment, the weightiest first.

    Parameters
    ----------
    assessment : Assessment or iterable of Statement
        What to review. From statements alone the age of data is judged by the newest year in them, for the date of
        the document is not known.
    without : collection of str
        Codes to leave out.

    Returns
    -------
    tuple of Finding
        By severity, then in the order of ``data/review.json``. Copies of earlier paragraphs do not count.

    Raises
    ------
    ValueError
        If ``without`` holds a code that there is not.

    Examples
    --------
    >>> from cqc_nlp import assess
    >>> text = "We are an outstanding council. Our homecare is the best in the country."
    >>> for finding in review(assess(text, model="fast")):
    ...     print(f"{finding.severity}: {finding.title}. {finding.advice}")
    high: Praise of yourselves without evidence beside it. Take out the superlative and let a figure, an independent check or a person's words make the case for you.
    >>> review(assess(text, model="fast"), without=["over-claiming"])
    ()
    """  # noqa: E501
    left_out = {without} if isinstance(without, str) else set(without)
    if unknown := sorted(left_out - set(CODES)):
        raise ValueError(f"review: there is no finding {unknown[0]!r} to leave out; choose among {', '.join(CODES)}.")
    report: Report | None = getattr(assessment, "report", None)
    statements: Iterable[Statement] = getattr(assessment, "statements", assessment)  # type: ignore[arg-type]
    draft = Draft.of(statements, report)
    found = []
    for code, entry in settings()["findings"].items():
        if code in left_out:
            continue
        for hit in RULES[entry["rule"]](draft, entry):
            words = {**hit.words, "section": hit.section}
            title, reason, advice = (entry[part].format_map(words) for part in ("title", "reason", "advice"))
            found.append(Finding(code, Severity(entry["severity"]), title, advice, reason, hit.section, hit.statements))
    weight = list(Severity)
    return tuple(sorted(found, key=lambda finding: weight.index(finding.severity)))
