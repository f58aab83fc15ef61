"""Read, tag and score assessments of adult social care in English local authorities.

>>> import cqc_nlp
>>> report = cqc_nlp.read_text("Carers waited six months for a break. We plan to open a new centre.")
>>> [sentence.text for sentence in cqc_nlp.sentences(report)]
['Carers waited six months for a break.', 'We plan to open a new centre.']
"""

from __future__ import annotations

import os
from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

# Some builds of onnxruntime report on their use to their maker unless this is set before the import. Drafts are
# confidential: nothing at all leaves the machine.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"

# Where each public name lives. They are imported when they are first used, so that
# `import cqc_nlp` and `cqc-nlp --help` load neither spaCy nor scikit-learn.
_HOMES = {
    "read": "cqc_nlp.reading",
    "read_text": "cqc_nlp.reading",
    "read_bytes": "cqc_nlp.reading",
    "sentences": "cqc_nlp.boundaries",
    "load": "cqc_nlp.language",
    "displacy_options": "cqc_nlp.language",
    "assess": "cqc_nlp.assessment",
    "assess_many": "cqc_nlp.assessment",
    "Assessment": "cqc_nlp.assessment",
    "Failure": "cqc_nlp.assessment",
    "compare": "cqc_nlp.comparison",
    "Comparison": "cqc_nlp.comparison",
    "load_tagger": "cqc_nlp.models",
    "load_scorer": "cqc_nlp.models",
    "load_corpus": "cqc_nlp.corpus",
    "StatementTagger": "cqc_nlp.tagging",
    "QualityScorer": "cqc_nlp.scoring",
    "Report": "cqc_nlp.schema",
    "Section": "cqc_nlp.schema",
    "Sentence": "cqc_nlp.schema",
    "Statement": "cqc_nlp.schema",
    "Tag": "cqc_nlp.schema",
    "Polarity": "cqc_nlp.schema",
    "Theme": "cqc_nlp.schema",
    "Source": "cqc_nlp.schema",
    "CQCNLPError": "cqc_nlp.errors",
}
_MODULES = ("framework", "schema", "errors", "plots")

__all__ = ["__version__", *_HOMES, *_MODULES]

if TYPE_CHECKING:
    from cqc_nlp import errors as errors
    from cqc_nlp import framework as framework
    from cqc_nlp import plots as plots
    from cqc_nlp import schema as schema
    from cqc_nlp.assessment import Assessment as Assessment
    from cqc_nlp.assessment import Failure as Failure
    from cqc_nlp.assessment import assess as assess
    from cqc_nlp.assessment import assess_many as assess_many
    from cqc_nlp.boundaries import sentences as sentences
    from cqc_nlp.comparison import Comparison as Comparison
    from cqc_nlp.comparison import compare as compare
    from cqc_nlp.corpus import load_corpus as load_corpus
    from cqc_nlp.errors import CQCNLPError as CQCNLPError
    from cqc_nlp.language import displacy_options as displacy_options
    from cqc_nlp.language import load as load
    from cqc_nlp.models import load_scorer as load_scorer
    from cqc_nlp.models import load_tagger as load_tagger
    from cqc_nlp.reading import read as read
    from cqc_nlp.reading import read_bytes as read_bytes
    from cqc_nlp.reading import read_text as read_text
    from cqc_nlp.schema import Polarity as Polarity
    from cqc_nlp.schema import Report as Report
    from cqc_nlp.schema import Section as Section
    from cqc_nlp.schema import Sentence as Sentence
    from cqc_nlp.schema import Source as Source
    from cqc_nlp.schema import Statement as Statement
    from cqc_nlp.schema import Tag as Tag
    from cqc_nlp.schema import Theme as Theme
    from cqc_nlp.scoring import QualityScorer as QualityScorer
    from cqc_nlp.tagging import StatementTagger as StatementTagger


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    if name in _MODULES:
        return import_module(f"cqc_nlp.{name}")
    raise AttributeError(f"module 'cqc_nlp' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
