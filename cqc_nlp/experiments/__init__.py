"""Training, evaluation and the comparison of methods."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cqc_nlp.experiments.configuration import Configuration as Configuration
    from cqc_nlp.experiments.configuration import load_configuration as load_configuration
    from cqc_nlp.experiments.results import Comparison as Comparison
    from cqc_nlp.experiments.results import Results as Results
    from cqc_nlp.experiments.runs import run as run
    from cqc_nlp.experiments.significance import approximate_randomisation as approximate_randomisation
    from cqc_nlp.experiments.significance import paired_bootstrap as paired_bootstrap

# Imported when first used, so that training does not load what only experiments need.
_HOMES = {
    "Configuration": "configuration",
    "load_configuration": "configuration",
    "Comparison": "results",
    "Results": "results",
    "run": "runs",
    "approximate_randomisation": "significance",
    "paired_bootstrap": "significance",
}
__all__ = list(_HOMES)


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(f"cqc_nlp.experiments.{_HOMES[name]}"), name)
    raise AttributeError(f"module 'cqc_nlp.experiments' has no attribute {name!r}")
