from __future__ import annotations

import csv
import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile("quick", max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("quick")

ROOT = Path(__file__).resolve().parent.parent
EXAMPLES = ROOT / "examples"


def real_reports() -> list[Path]:
    """Labelled real reports, in the folder that CQC_NLP_REAL_REPORTS names."""
    folder = os.environ.get("CQC_NLP_REAL_REPORTS")
    return sorted(Path(folder).glob("*.txt")) if folder else []


def gold_spans(report: Path) -> set[tuple[int, int]]:
    with report.with_suffix(".tsv").open(encoding="utf-8", newline="") as file:
        return {(int(row["start"]), int(row["end"])) for row in csv.DictReader(file, delimiter="\t")}


@pytest.fixture(params=real_reports() or [None], ids=lambda path: path.stem if path else "none")
def real_report(request: pytest.FixtureRequest) -> Path:
    if request.param is None:
        pytest.skip("CQC_NLP_REAL_REPORTS names no folder of labelled real reports")
    return request.param
