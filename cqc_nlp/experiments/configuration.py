"""What an experiment compares, as one file: data, split, models, seeds, metrics.

A mistake in the file is one message that names the file, the key and what to do.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterator, Mapping
from os import PathLike
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from cqc_nlp.errors import ConfigurationError
from cqc_nlp.tagging.encoding import FEATURE_GROUPS

Task = Literal["polarity", "themes", "source", "score"]
Split = Literal["train", "validation", "test"]
Metric = Literal["macro_f1", "kappa", "accuracy", "f1", "qwk", "ece"]
Group = Literal["words", "characters", "cues", "before", "place"]
Kind = Literal["majority", "tfidf", "tagger", "evidence", "sklearn", "spacy", "encoder", "object"]
assert get_args(Group) == FEATURE_GROUPS

Fraction = Annotated[float, Field(gt=0, le=1)]


class _Part(BaseModel):
    """A part of a configuration: a key that it does not know is a mistake, and nothing changes once it is read."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Data(_Part):
    """The labelled texts.

    Attributes
    ----------
    corpus : path, optional
        A corpus folder; the shipped one if neither ``corpus`` nor ``lines`` is given.
    lines : path, optional
        A file of JSON Lines of your own: ``text``, ``label`` (or ``labels``, a list), ``group`` (what must not stand on
        both sides of a split: the authority, the review) and, if wanted, ``document`` (lines of one document that follow
        each other are read among their neighbours) and ``split``.
    task : str, optional
        ``polarity`` (default), ``themes``, ``source`` or ``score``; not for ``lines``, which bring their own labels.
    splits, kinds, sections : tuple of str
        Only these splits, kinds of report (``published``, ``draft``) and sections; all if left out.
    """

    corpus: Path | None = None
    lines: Path | None = None
    task: Task | None = None
    splits: tuple[Split, ...] = ()
    kinds: tuple[Literal["published", "draft"], ...] = ()
    sections: tuple[Literal["needs", "market", "capacity", "quality", "sustainability", "other"], ...] = ()

    @model_validator(mode="after")
    def _one_kind_of_data(self) -> Data:
        if self.lines is not None:
            for key in ("corpus", "task", "kinds", "sections"):
                if getattr(self, key):
                    raise ValueError(f"lines bring their own labels and no kinds or sections: leave {key} out, or leave lines out")
        return self

    @property
    def name(self) -> str:
        """A short name for tables."""
        return (self.lines or self.corpus or Path("corpus")).stem


class Transfer(Data):
    """Other data to test on: models learn from ``data`` and are measured here.

    It has the keys of :class:`Data`, and ``name``, its name in tables.
    """

    as_: str | None = Field(default=None, alias="name")

    @property
    def name(self) -> str:
        """A short name for tables."""
        return self.as_ or super().name


class Folds(_Part):
    """Cross-validation in which no authority stands on both sides (``kind: folds``).

    Attributes
    ----------
    folds : int
        How many.
    """

    kind: Literal["folds"] = "folds"
    folds: int = Field(default=5, ge=2)


class Given(_Part):
    """Train and test splits as the data gives them (``kind: given``).

    Attributes
    ----------
    train, test : tuple of str
        Which splits to learn from and to test on: ``train``, ``validation``, ``test``.
    """

    kind: Literal["given"]
    train: tuple[Split, ...] = ("train", "validation")
    test: tuple[Split, ...] = ("test",)

    @model_validator(mode="after")
    def _apart(self) -> Given:
        both = sorted(set(self.train) & set(self.test))
        if both:
            raise ValueError(f"{', '.join(both)} is on both sides; an authority must be in train or in test, never in both")
        return self


class Model(_Part):
    """One method to compare.

    Attributes
    ----------
    name : str
        Its name in tables.
    kind : str
        ``majority``, ``tfidf``, ``tagger`` (the StatementTagger), ``evidence`` (the QualityScorer, for the task score),
        ``sklearn``, ``spacy``, ``encoder``; ``object`` is for objects passed in Python.
    estimator : str, optional
        For ``sklearn``: the dotted name of the class.
    parameters : mapping
        What the method takes.
    without : tuple of str
        For ``tagger``: groups of features to leave out.
    """

    name: str = Field(min_length=1)
    kind: Kind
    estimator: str | None = None
    parameters: Mapping[str, Any] = Field(default_factory=dict)
    without: tuple[Group, ...] = ()

    @model_validator(mode="after")
    def _fits_its_kind(self) -> Model:
        if (self.kind == "sklearn") != (self.estimator is not None):
            raise ValueError("kind sklearn needs an estimator such as sklearn.naive_bayes.MultinomialNB, and only that kind takes one")
        if self.without and self.kind != "tagger":
            raise ValueError(f"only kind tagger has groups of features to leave out, not {self.kind}")
        if len(set(self.without)) == len(FEATURE_GROUPS):
            raise ValueError("this leaves no features; keep one of " + ", ".join(FEATURE_GROUPS))
        return self


class Ablations(_Part):
    """One model of the list again, each time without some groups of features.

    Attributes
    ----------
    model : str
        Its name; it must be of the kind ``tagger``.
    without : tuple
        What to leave out each time: a group (``words``, ``characters``, ``cues``, ``before``, ``place``) or a list of groups.
    """

    model: str
    without: tuple[Group | tuple[Group, ...], ...] = Field(default=get_args(Group), min_length=1)

    def variants(self, model: Model) -> Iterator[Model]:
        """The models that it adds."""
        for left_out in self.without:
            groups = (left_out,) if isinstance(left_out, str) else left_out
            yield model.model_copy(update={"name": f"{model.name} without {' and '.join(groups)}", "without": (*model.without, *groups)})


class LearningCurve(_Part):
    """Shares of the training authorities to learn from.

    Attributes
    ----------
    fractions : tuple of float
        Above 0 and at most 1.
    """

    fractions: tuple[Fraction, ...] = Field(default=(0.25, 0.5, 1.0), min_length=1)


class Significance(_Part):
    """Whether two models differ by more than the draw of authorities explains.

    Attributes
    ----------
    baseline : str, optional
        The model that every other one is compared with; the first of the list if left out.
    metric : str, optional
        Which metric; the first of ``metrics`` if left out.
    draws : int
        Of the paired bootstrap and of the approximate randomisation each.
    """

    baseline: str | None = None
    metric: Metric | None = None
    draws: int = Field(default=5_000, ge=100, le=1_000_000)


class Configuration(_Part):
    """One experiment.

    Attributes
    ----------
    name : str
        Of the experiment, and of its results folder.
    data : Data
        The labelled texts; the shipped corpus if left out.
    split : Folds or Given
        How they are divided into what is learnt from and what is tested on; five folds if left out.
    models : tuple of Model
        The methods to compare.
    seeds : tuple of int
        Each run is made once a seed.
    metrics : tuple of str
        ``macro_f1``, ``kappa``, ``accuracy``, ``f1`` (one a label), ``qwk`` (for the task ``score``) and ``ece``.
    ablations : Ablations, optional
        One model again without some features.
    learning_curve : LearningCurve, optional
        Every model again with less to learn from.
    transfer : tuple of Transfer
        Other data to test on.
    significance : Significance or None
        How models are compared; null for not at all.
    """

    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9 _.-]*$")
    data: Data = Data()
    split: Annotated[Folds | Given, Field(discriminator="kind")] = Folds()
    models: tuple[Model, ...] = Field(min_length=1)
    seeds: tuple[int, ...] = Field(default=(0,), min_length=1)
    metrics: tuple[Metric, ...] = Field(default=("macro_f1", "kappa", "accuracy"), min_length=1)
    ablations: Ablations | None = None
    learning_curve: LearningCurve | None = None
    transfer: tuple[Transfer, ...] = ()
    significance: Significance | None = Significance()

    @field_validator("metrics", "seeds")
    @classmethod
    def _once(cls, values: tuple[Any, ...]) -> tuple[Any, ...]:
        return tuple(dict.fromkeys(values))

    @model_validator(mode="after")
    def _hangs_together(self) -> Configuration:
        names = [model.name for model in self.models]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"models: {twice[0]} is the name of two models; give each its own")
        for key, named in (
            ("ablations.model", self.ablations and self.ablations.model),
            ("significance.baseline", self.significance and self.significance.baseline),
        ):
            if named and named not in names:
                raise ValueError(f"{key}: there is no model {named!r}; choose one of {', '.join(names)}")
        if self.ablations:
            model = self.models[names.index(self.ablations.model)]
            if model.kind != "tagger":
                raise ValueError(
                    f"ablations.model: {model.name} is of kind {model.kind}; only kind tagger has groups of features to leave out"
                )
            for variant in self.ablations.variants(model):
                if set(variant.without) == set(FEATURE_GROUPS):
                    raise ValueError("ablations.without: this leaves no features; keep one of " + ", ".join(FEATURE_GROUPS))
        for model in self.models:
            if (model.kind == "evidence") != (self.task == "score") and model.kind in ("evidence", "tagger"):
                raise ValueError(f"models: {model.name}: kind evidence is for the task score, and kind tagger for all but it")
        if "qwk" in self.metrics and self.task != "score":
            raise ValueError("metrics: qwk is for the task score, whose labels have an order; leave it out here")
        if self.significance and self.significance.metric and self.significance.metric not in self.metrics:
            raise ValueError(f"significance.metric: {self.significance.metric} is not among metrics; add it there")
        if self.comparison_metric == "f1":
            raise ValueError("significance.metric: f1 is one figure a label; name macro_f1 or another single figure first")
        ends = [transfer.name for transfer in self.transfer]
        if len(set(ends)) < len(ends) or "held out" in ends:
            raise ValueError("transfer: give each its own name, other than 'held out'")
        for transfer in self.transfer:
            if (transfer.task or "polarity") != (self.task or "polarity") and not (transfer.lines or self.data.lines):
                raise ValueError(f"transfer: the task of {transfer.name} is another one than that of data; make them the same")
        return self

    @property
    def task(self) -> Task | None:
        """The task; None for the labels of a file of lines."""
        return None if self.data.lines else self.data.task or "polarity"

    @property
    def comparison_metric(self) -> Metric:
        """The metric that models are compared by."""
        return (self.significance and self.significance.metric) or self.metrics[0]

    @property
    def baseline(self) -> str:
        """The model that the others are compared with."""
        return (self.significance and self.significance.baseline) or self.models[0].name

    @property
    def fractions(self) -> tuple[float, ...]:
        """Shares of the training authorities, the whole among them."""
        return tuple(sorted({*(self.learning_curve.fractions if self.learning_curve else ()), 1.0}))

    def all_models(self) -> tuple[Model, ...]:
        """The models and the ablations of one of them."""
        if self.ablations is None:
            return self.models
        whole = next(model for model in self.models if model.name == self.ablations.model)
        return (*self.models, *self.ablations.variants(whole))


def load_configuration(source: str | PathLike[str] | Mapping[str, Any] | Configuration) -> Configuration:
    """Read a configuration.

    Parameters
    ----------
    source : path, mapping or Configuration
        A YAML file, in which paths are relative to the file; or its content.

    Raises
    ------
    ConfigurationError
        Names the file, the key and what to do.

    Examples
    --------
    >>> configuration = load_configuration({"name": "small", "models": [{"name": "majority", "kind": "majority"}]})
    >>> configuration.task, configuration.split.folds
    ('polarity', 5)
    >>> load_configuration({"name": "small", "models": [{"name": "majority", "kind": "majority"}], "seed": 1})
    Traceback (most recent call last):
    ...
    cqc_nlp.errors.ConfigurationError: configuration: seed: there is no such key; did you mean seeds?
    """
    if isinstance(source, Configuration):
        return source
    if isinstance(source, Mapping):
        name, folder, content = "configuration", Path(), dict(source)
    else:
        path = Path(source)
        name, folder, content = str(path), path.parent, _yaml(path)
    try:
        configuration = Configuration.model_validate(content)
    except ValidationError as error:
        raise ConfigurationError(f"{name}: {' '.join(_explained(error))}") from None
    moved = {"data": _from(configuration.data, folder), "transfer": tuple(_from(data, folder) for data in configuration.transfer)}
    return configuration.model_copy(update=moved)


def _yaml(path: Path) -> Any:
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigurationError(f"{path}: the file is missing or cannot be opened; check its name.") from error
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"{path}: the file is not UTF-8 text; save it as UTF-8.") from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f", line {mark.line + 1}" if mark else ""
        raise ConfigurationError(f"{path}{where}: this is no YAML ({getattr(error, 'problem', error)}); mend the line.") from None
    if not isinstance(content, dict):
        raise ConfigurationError(f"{path}: a configuration is keys and values (name: ..., models: ...); this file has none.")
    return content


def _from(data: Any, folder: Path) -> Any:
    """The data with its paths seen from where the configuration lies."""
    paths = {key: folder / value for key in ("corpus", "lines") if (value := getattr(data, key)) is not None}
    return data.model_copy(update=paths)


_ADVICE = {
    "missing": "this key is missing; add it",
    "union_tag_invalid": "choose folds (grouped by authority) or given; an ungrouped split would put one authority on both sides",
    "union_tag_not_found": "kind is missing; choose folds (grouped by authority) or given",
}


def _explained(error: ValidationError) -> Iterator[str]:
    problems = error.errors(include_url=False)
    said: set[str] = set()
    for problem in problems:
        keys = _keys(problem["loc"])
        key = ".".join(keys) or "the whole"
        # One bad item of a list would be said of the list as well, and a bad alternative of each alternative.
        within = any(_keys(other["loc"])[: len(keys)] == keys for other in problems if len(other["loc"]) > len(problem["loc"]))
        if key in said or (problem["type"] in ("too_short", "literal_error") and within):
            continue
        said.add(key)
        advice = _ADVICE.get(problem["type"])
        if problem["type"] == "extra_forbidden":
            near = difflib.get_close_matches(keys[-1], _names(keys[0] if len(keys) > 1 else ""), 1)
            advice = "there is no such key; " + (f"did you mean {near[0]}?" if near else "remove it")
        if problem["type"] == "value_error":
            advice = str(problem["ctx"]["error"])
        if advice is None:
            given = json.dumps(problem.get("input"), default=str, ensure_ascii=False)
            advice = f"{problem['msg'][0].lower()}{problem['msg'][1:]}; got {given[:80]}"
        line = advice if key == "the whole" else f"{key}: {advice}"
        yield line if line.endswith("?") else f"{line}."


def _keys(location: tuple[int | str, ...]) -> list[str]:
    """The keys of the file on the way to a problem, without the names that pydantic gives to alternatives."""
    keys = [str(part) for part in location if not (isinstance(part, str) and "[" in part)]
    return [keys[0], *keys[2:]] if keys[:1] == ["split"] else keys


def _names(part: str) -> list[str]:
    """The keys that a part of the file may have."""
    parts: dict[str, tuple[type[BaseModel], ...]] = {
        "": (Configuration,),
        "data": (Data,),
        "transfer": (Data,),
        "split": (Folds, Given),
        "models": (Model,),
        "ablations": (Ablations,),
        "learning_curve": (LearningCurve,),
        "significance": (Significance,),
    }
    return [*(name for model in parts[part] for name in model.model_fields), *(["name"] if part == "transfer" else [])]
