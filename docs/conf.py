"""How the documentation site is built: `make docs`. Nothing is fetched while it is."""

from dataclasses import is_dataclass
from typing import Any

import cqc_nlp

project = "cqc-nlp"
author = "the cqc-nlp contributors"
project_copyright = "the cqc-nlp contributors, Apache-2.0"
version = release = cqc_nlp.__version__
language = "en-GB"

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
exclude_patterns = ["_build"]
highlight_language = "text"  # a block without a language is no Python
suppress_warnings = ["ref.python"]  # "name" as a type in a docstring is no link to one of several properties of that name

myst_heading_anchors = 3
myst_enable_extensions = ["deflist"]

autodoc_member_order = "bysource"
autodoc_preserve_defaults = True
napoleon_google_docstring = False
napoleon_use_ivar = True  # attributes stand in the docstring of their class, once
python_maximum_signature_line_length = 88

html_theme = "furo"
html_title = f"cqc-nlp {release}"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_show_sphinx = False
html_copy_source = False


def _of_another_library(app: Any, what: str, name: str, obj: Any, skip: bool, options: Any) -> bool | None:
    """Leave out the methods that scikit-learn adds to every estimator."""
    return True if name.startswith("set_") and name.endswith("_request") else None


def _of_a_record(app: Any, what: str, name: str, obj: Any, options: Any, signature: str | None, returns: str | None) -> Any:
    """No signature for a class of which users only read the attributes: its docstring lists them."""
    return ("", None) if what == "class" and (is_dataclass(obj) or hasattr(obj, "model_fields")) else None


def _of_a_property(app: Any, what: str, name: str, obj: Any, options: Any, lines: list[str]) -> None:
    """A blank line first, for napoleon reads "type: description" into a first line that has a colon."""
    if what in ("property", "attribute", "data"):
        lines.insert(0, "")


def setup(app: Any) -> None:
    """Called by Sphinx."""
    app.connect("autodoc-process-docstring", _of_a_property, priority=400)  # before napoleon
    app.connect("autodoc-process-signature", _of_a_record)
    app.connect("autodoc-skip-member", _of_another_library)
