"""An assessment as a table for a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from cqc_nlp.framework import SCORE_LABELS, SCORES, SECTIONS
from cqc_nlp.schema import POLARITIES, THEMES, Polarity, Statement

if TYPE_CHECKING:
    from cqc_nlp.assessment import Assessment

STYLES = {Polarity.STRENGTH: "green", Polarity.SHORTFALL: "red", Polarity.PLAN: "blue", Polarity.CONTEXT: "dim"}
_STRONGEST = 5
_SECTION_NAMES = {section.kind: section.heading for section in SECTIONS}


def show(assessment: Assessment, console: Console) -> None:
    """Print score, evidence and the statements that count most."""
    report = assessment.report
    counted = [s for s in assessment.statements if not s.repeated]
    repeated = len(assessment.statements) - len(counted)
    console.print(f"\n[bold]{escape(report.authority or report.title or report.name)}[/bold]", highlight=False)
    about = [report.name, report.quality_statement or "quality statement not named", f"{len(counted)} statements"]
    if repeated:
        about.append(f"{repeated} more in repeated paragraphs, not counted")
    console.print(escape(" · ".join(about)), style="dim", highlight=False)

    if assessment.caution:
        console.print(f"\n[bold yellow]{escape(assessment.caution)}[/bold yellow]", highlight=False)
    console.print(f"\nPredicted score: [bold]{assessment.score}[/bold]  {SCORE_LABELS[assessment.score]}", highlight=False)
    for score, probability in zip(SCORES, assessment.probabilities, strict=True):
        bar = "█" * round(float(probability) * 40)
        console.print(f"  {score}  {probability:4.0%}  {bar}", highlight=False)
    likely = " or ".join(map(str, assessment.prediction_set(0.9)))
    console.print(f"  Adjacent scores that hold the right one in nine reports of ten: {likely}", highlight=False)
    nearest = ", ".join(str(precedent.score) for precedent in assessment.precedents())
    console.print(f"  The five written reports with the most similar evidence score {nearest}", highlight=False)
    if report.published_score:
        console.print(f"  Score printed in the document: {report.published_score} (not used)", highlight=False)

    console.print()
    console.print(_evidence_table(counted))
    for polarity, title in ((Polarity.STRENGTH, "Strengths that count most"), (Polarity.SHORTFALL, "Shortfalls that count most")):
        chosen = strongest(assessment, polarity)
        if chosen:
            console.print(f"\n[bold]{title}[/bold]", highlight=False)
            console.print(_statement_list(chosen))
    console.print("\n[dim]A prediction from the evidence as written. It supports judgement;\nit does not replace it.[/dim]")


def strongest(assessment: Assessment, polarity: Polarity, count: int = _STRONGEST) -> list[Statement]:
    """The statements of one polarity that move the expected score most."""
    chosen = [s for s, _ in assessment.explain().statements if s.polarity == polarity]
    return chosen[:count]


def _evidence_table(statements: list[Statement]) -> Table:
    table = Table(title="Evidence by theme", title_justify="left", box=None, pad_edge=False, title_style="bold")
    table.add_column("Theme")
    for polarity in POLARITIES:
        table.add_column(str(polarity).capitalize(), justify="right", style=STYLES[polarity])
    rows = [(str(theme), [s for s in statements if theme in s.themes]) for theme in THEMES]
    rows += [("no theme", [s for s in statements if not s.themes]), ("all statements", statements)]
    for name, chosen in rows:
        table.add_row(name, *(str(sum(s.polarity == polarity for s in chosen)) for polarity in POLARITIES))
    return table


def _statement_list(statements: list[Statement]) -> Table:
    table = Table.grid(padding=(0, 1, 0, 0))
    for statement in statements:
        section = _SECTION_NAMES.get(statement.section.kind, statement.section.heading)
        where = f"\n[dim]{escape(section)}[/dim]" if section else ""
        table.add_row(f"[{STYLES[Polarity(statement.polarity)]}]•[/]", escape(statement.text) + where)
    return table
