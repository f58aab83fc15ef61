"""An evaluation of scores as a table for a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

if TYPE_CHECKING:
    import pandas as pd

_FIGURES = {"qwk": "QWK", "accuracy": "exact", "adjacent": "within 1", "mae": "MAE", "macro_f1": "macro-F1", "log_loss": "log loss"}


def show(frame: pd.DataFrame, console: Console) -> None:
    """Print the figures of :mod:`cqc_nlp.experiments.scores`, a block for each kind of report."""
    kinds = frame.index.names[0] == "reports of"
    for title, block in frame.groupby(level=0, sort=False) if kinds else [("Published inspection reports, cross-validated", frame)]:
        console.print(_table(f"{title} ({int(block['reports'].iloc[0])})", block.droplevel(0) if kinds else block))
        for method, row in block.iterrows():
            sets = [name for name in frame.columns if name.startswith("covered_") and row[name] == row[name]]
            if sets:
                name = method[-1] if isinstance(method, tuple) else method
                found = ", ".join(
                    f"{s.removeprefix('covered_')}: {row[s]:.1%} (size {row[s.replace('covered', 'size')]:.2f})" for s in sets
                )
                console.print(f"  Prediction sets, {name}, asked: held {found}", highlight=False)
        console.print()


def _table(title: str, block: pd.DataFrame) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold", box=None, pad_edge=False)
    table.add_column("method")
    for heading in _FIGURES.values():
        table.add_column(heading, justify="right")
    for method, row in block.iterrows():
        table.add_row(str(method), *(f"{row[figure]:.3f}" for figure in _FIGURES))
        if "qwk_low" in block:
            table.add_row("", *(f"[dim]{row[f'{f}_low']:.2f}–{row[f'{f}_high']:.2f}[/dim]" for f in _FIGURES))
    return table
