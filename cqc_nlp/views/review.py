"""The findings of a review as text for a terminal."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.markup import escape
from rich.padding import Padding

from cqc_nlp.review import Finding, Severity
from cqc_nlp.schema import Report

STYLES = {Severity.HIGH: "red", Severity.MEDIUM: "yellow", Severity.LOW: "blue"}
_SHOWN = 3


def show(report: Report, findings: Sequence[Finding], console: Console) -> None:
    """Print each finding with its reason, its advice and the first statements that it is about."""
    console.print(f"\n[bold]{escape(report.authority or report.title or report.name)}[/bold]", highlight=False)
    counts = [(severity, sum(finding.severity == severity for finding in findings)) for severity in Severity]
    weights = ", ".join(f"{count} {severity}" for severity, count in counts if count)
    number = "1 finding" if len(findings) == 1 else f"{len(findings)} findings"
    about = f"{number}: {weights}" if findings else "Nothing found that a critical friend would press you on"
    console.print(escape(f"{report.name} · {about}"), style="dim", highlight=False)
    for finding in findings:
        _show_finding(finding, console)
    console.print("\n[dim]Questions to think about, from the text as written.\nLeave one out with --without CODE.[/dim]")


def _show_finding(finding: Finding, console: Console) -> None:
    console.print(f"\n[bold {STYLES[finding.severity]}]{escape(finding.title)}[/]", highlight=False)
    place = f"{finding.severity} · {finding.code}" + (f" · {finding.section}" if finding.section else "")
    lines = [f"[dim]{escape(place)}[/dim]", escape(finding.reason), f"[bold]Next:[/bold] {escape(finding.advice)}"]
    for line in lines:
        console.print(Padding(line, (0, 0, 0, 2), expand=False), highlight=False)
    for statement in finding.statements[:_SHOWN]:
        console.print(Padding(f"[dim]“{escape(statement.text)}”[/dim]", (0, 0, 0, 4), expand=False), highlight=False)
    more = len(finding.statements) - _SHOWN
    if more > 0:
        console.print(Padding(f"[dim]and {more} more[/dim]", (0, 0, 0, 4), expand=False), highlight=False)
