"""The results of an experiment as tables for a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape
from rich.table import Table

if TYPE_CHECKING:
    from cqc_nlp.experiments import Results

_KEYS = ("model", "test", "fraction")


def show(results: Results, console: Console) -> None:
    """Print each model's figures, those by label apart, and how each model differs from the baseline."""
    record, settings = results.record, results.configuration
    header, rows = results.cells()
    keys = [number for number, heading in enumerate(header) if heading in _KEYS]
    by_label = [number for number, heading in enumerate(header) if heading.startswith("F1 ")]
    single = [number for number in range(len(header)) if number not in by_label]
    title = f"{settings.name}: {record['texts']:,} texts of {record['groups']} groups"
    console.print(_table(title, [header[n] for n in single], [[row[n] for n in single] for row in rows]))
    if by_label:
        columns = [*keys, *by_label]
        console.print()
        console.print(_table("By label", [header[n] for n in columns], [[row[n] for n in columns] for row in rows]))
    compared = results.comparisons()
    if len(compared):
        lines = [
            [
                str(row["a"]), str(row["test"]), f"{row['difference']:+.3f}", f"{row['low']:+.3f} to {row['high']:+.3f}",
                f"{row['p_bootstrap']:.4f}", f"{row['p_randomisation']:.4f}",
            ]
            for _, row in compared.iterrows()
        ]  # fmt: skip
        heading = ["model", "test", "difference", "95% interval", "p bootstrap", "p randomisation"]
        console.print()
        console.print(_table(f"Against {settings.baseline} ({settings.comparison_metric})", heading, lines))


def _table(title: str, header: Sequence[str], rows: Iterable[Sequence[str]]) -> Table:
    table = Table(title=escape(title), title_justify="left", title_style="bold", box=None, pad_edge=False)
    for heading in header:
        table.add_column(escape(heading), justify="left" if heading in _KEYS else "right", overflow="fold")
    for row in rows:
        table.add_row(*map(escape, row))
    return table
