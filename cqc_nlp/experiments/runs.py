"""Running an experiment: every model, seed, fold and share of the training data, each once.

A run is known by the digest of all that its result depends on: the method, the seed, the texts and labels on both
sides, the versions of libraries and of this one's own code. Its file holds probabilities and labels, never a text and
never a model, so that an experiment on confidential drafts leaves none of them behind.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from os import PathLike
from pathlib import Path
from typing import Any

import joblib
import numpy as np
from sklearn.model_selection import GroupKFold
from tqdm import tqdm

import cqc_nlp
from cqc_nlp.errors import ConfigurationError
from cqc_nlp.experiments.configuration import Configuration, Given, Model, load_configuration
from cqc_nlp.experiments.examples import Examples, read_examples
from cqc_nlp.experiments.methods import SHIPPED, fit_predict, make
from cqc_nlp.experiments.results import HELD_OUT, Results, Run

_DIGITS = 6
_LIBRARIES = ("numpy", "scipy", "scikit-learn")
_FURTHER = {"spacy": ("spacy", "thinc"), "encoder": ("sentence-transformers", "transformers", "torch", "onnxruntime")}


@dataclass(frozen=True)
class Task:
    """A run that is to be made: what to learn from and what to predict."""

    model: Model
    seed: int
    fold: int | None
    fraction: float
    test_name: str
    train: Examples
    test: Examples

    def key(self, objects: Mapping[str, Any]) -> str:
        """The digest of all that the result depends on."""
        depends = {
            "kind": self.model.kind,
            "estimator": self.model.estimator,
            "parameters": dict(self.model.parameters),
            "without": sorted(self.model.without),
            "weights": _weights(self.model),
            "object": joblib.hash(objects[self.model.name]) if self.model.kind == "object" and self.model.name in objects else None,
            "seed": self.seed,
            "train": self.train.digest(),
            "test": self.test.digest(),
            "versions": versions(self.model.kind, self.model.estimator),
            "code": _code(),
        }
        return hashlib.sha256(json.dumps(depends, sort_keys=True, default=str).encode()).hexdigest()[:32]


def run(
    configuration: str | PathLike[str] | Mapping[str, Any] | Configuration,
    out: str | PathLike[str] | None = None,
    resume: bool = False,
    n_jobs: int = 1,
    objects: Mapping[str, Any] | None = None,
    progress: bool = False,
) -> Results:
    """Run an experiment.

    Parameters
    ----------
    configuration : path, mapping or Configuration
        What to compare: a YAML file or its content.
    out : path, optional
        Folder to write to; nothing is written if left out. ``runs/`` gets a file a run as soon as it is done, then
        come ``results.json``, ``table.csv``, ``table.md``, ``table.tex`` and, with matplotlib, ``plot.png``.
    resume : bool
        Take what the folder has already. Only runs whose method, data, seed and versions are the same are taken.
    n_jobs : int
        Processes that work at once (joblib); -1 for one a core.
    objects : mapping of str to method, optional
        Methods made in Python, by the name that the configuration gives to a model of ``kind: object``: any
        scikit-learn classifier of texts, or an object with ``fit(texts, labels, groups)`` and ``predict_proba(texts)``.
    progress : bool
        Show a bar on stderr.

    Returns
    -------
    Results

    Raises
    ------
    ConfigurationError
        If the configuration asks for what cannot be, such as an authority on both sides of a split.
    CorpusError
        If the data cannot be read.

    Examples
    --------
    >>> results = run({
    ...     "name": "first look",
    ...     "data": {"splits": ["test"], "kinds": ["draft"]},
    ...     "split": {"kind": "folds", "folds": 2},
    ...     "models": [{"name": "majority", "kind": "majority"}, {"name": "TF-IDF", "kind": "tfidf"}],
    ... })
    >>> [run.fold for run in results.runs], results.summary().index.get_level_values("model").tolist()
    ([1, 2, 1, 2], ['majority', 'TF-IDF'])
    """
    settings = load_configuration(configuration)
    made = dict(objects or {})
    folder = Path(out) if out is not None else None
    if folder is not None and not resume and (folder / "runs").is_dir() and any((folder / "runs").iterdir()):
        raise ConfigurationError(f"{folder}: there are results already; resume to build on them, or choose another folder.")
    for model in settings.all_models():
        make(model, settings.seeds[0], made)  # so that a mistake comes before hours of work, not after
    examples = read_examples(settings.data, settings.task)
    transfers = {transfer.name: read_examples(transfer, settings.task) for transfer in settings.transfer}
    tasks = list(plan(settings, examples, transfers))
    started = datetime.now(timezone.utc)
    keys = [task.key(made) for task in tasks]
    # Two models may ask for the same run, an ablation and a model of its own say.
    waiting = {key: task for key, task in zip(keys, tasks, strict=True) if not _done(folder, key)}
    bar = tqdm(
        total=len(set(keys)), initial=len(set(keys)) - len(waiting), desc=settings.name, disable=None if progress else True, leave=False
    )
    fresh: dict[str, dict[str, Any]] = {}
    jobs = (joblib.delayed(_execute)(task, key, made, folder) for key, task in waiting.items())
    for key, content in joblib.Parallel(n_jobs=n_jobs, return_as="generator_unordered")(jobs):
        fresh[key] = content
        bar.update()
    bar.close()
    runs = []
    for key, task in zip(keys, tasks, strict=True):
        content = fresh.get(key) or _done(folder, key) or {}
        runs.append(Run.of(content, key, task.model.name, task.seed, task.fold, task.fraction, task.test_name))
    record = {
        "started": started.isoformat(timespec="seconds"),
        "finished": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "made_now": len(waiting),
        "versions": {key: value for model in settings.all_models() for key, value in versions(model.kind, model.estimator).items()},
        "code": _code(),
        "data_digest": examples.digest(),
        "transfer_digests": {name: found.digest() for name, found in transfers.items()},
        "texts": len(examples.gold),
        "groups": len(set(examples.groups.tolist())),
    }
    results = Results(settings, examples.labels, examples.several, tuple(runs), record)
    if folder is not None:
        results.save(folder)
    return results


def plan(settings: Configuration, examples: Examples, transfers: Mapping[str, Examples]) -> Iterator[Task]:
    """Every run of an experiment; no group stands on both sides of any."""
    for name, other in transfers.items():
        _refuse_overlap(f"transfer: {name}", examples, other)
        if other.several != examples.several:
            raise ConfigurationError(f"transfer: {name}: one side has one label a text and the other several; use the same on both.")
        unknown = sorted(set(other.labels) - set(examples.labels))
        if unknown:
            raise ConfigurationError(f"transfer: {name}: the labels {', '.join(unknown)} are none of those learnt; use the same labels.")
    ends = {transfer.name: transfer for transfer in settings.transfer}
    sides = {seed: list(_sides(settings, examples, seed)) for seed in settings.seeds}
    for model in settings.all_models():
        for seed in settings.seeds:
            for fraction in settings.fractions:
                for fold, train, test in sides[seed]:
                    _refuse_foreknowledge(model, settings.data.lines is None, test)
                    yield Task(model, seed, fold, fraction, HELD_OUT, _share(train, fraction, seed), test)
                for name, other in transfers.items():
                    _refuse_foreknowledge(model, ends[name].lines is None, other)
                    whole = sides[seed][0][1] if isinstance(settings.split, Given) else examples
                    same = Examples(examples.labels, examples.several, other.documents, other.whole)
                    yield Task(model, seed, None, fraction, name, _share(whole, fraction, seed), same)


def _sides(settings: Configuration, examples: Examples, seed: int) -> Iterator[tuple[int | None, Examples, Examples]]:
    documents = np.array([*examples.documents, None], dtype=object)[:-1]
    groups = [document.group for document in examples.documents]
    if isinstance(settings.split, Given):
        train, test = (
            examples.of([d for d in examples.documents if d.split in splits]) for splits in (settings.split.train, settings.split.test)
        )
        for key, side in (("train", train), ("test", test)):
            if not side.documents:
                raise ConfigurationError(f"split.{key}: the data has no text in {', '.join(getattr(settings.split, key))}; ask for others.")
        _refuse_overlap("split", train, test)
        yield None, train, test
        return
    folds = settings.split.folds
    if len(set(groups)) < folds:
        raise ConfigurationError(f"split.folds: {folds} folds need {folds} authorities or more; there are {len(set(groups))}. Use fewer.")
    splitter = GroupKFold(folds, shuffle=True, random_state=seed)
    for number, (fit, held) in enumerate(splitter.split(documents, groups=groups), 1):
        yield number, examples.of(documents[fit].tolist()), examples.of(documents[held].tolist())


def _share(train: Examples, fraction: float, seed: int) -> Examples:
    """The texts of a share of the authorities; a smaller share is part of a larger one."""
    if fraction >= 1:
        return train
    names = sorted({document.group for document in train.documents})
    np.random.default_rng(seed).shuffle(names)
    kept = set(names[: max(1, round(fraction * len(names)))])
    return train.of([document for document in train.documents if document.group in kept])


def _refuse_overlap(key: str, train: Examples, test: Examples) -> None:
    both = sorted({d.group for d in train.documents} & {d.group for d in test.documents})
    if both:
        raise ConfigurationError(
            f"{key}: {len(both)} authorities are on both sides, such as {both[0]}; what is tested must not have been learnt from. "
            "Choose splits that are apart, or folds."
        )


def _refuse_foreknowledge(model: Model, of_corpus: bool, test: Examples) -> None:
    """The shipped encoder has read the training split with its labels: on it, it would look better than it is."""
    seen = any(document.split in ("train", "validation") for document in test.documents)
    if of_corpus and seen and model.kind == "encoder" and model.parameters.get("encoder", SHIPPED) == SHIPPED:
        raise ConfigurationError(
            f"models: {model.name}: the shipped encoder was trained on these texts; test it with split: "
            "{kind: given, train: [validation], test: [test]}, or name another encoder."
        )


def _execute(task: Task, key: str, objects: Mapping[str, Any], folder: Path | None) -> tuple[str, dict[str, Any]]:
    began = time.perf_counter()
    probabilities = fit_predict(make(task.model, task.seed, objects), task.train, task.test)
    content = {
        "key": key,
        "about": {
            "model": task.model.model_dump(mode="json"),
            "seed": task.seed,
            "fold": task.fold,
            "fraction": task.fraction,
            "test": task.test_name,
            "trained_on": {"texts": len(task.train.gold), "groups": len(set(task.train.groups.tolist()))},
            "versions": versions(task.model.kind, task.model.estimator),
        },
        "finished": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "seconds": round(time.perf_counter() - began, 2),
        "labels": list(task.test.labels),
        "ids": task.test.ids,
        "groups": task.test.groups.tolist(),
        "gold": task.test.gold.astype(int).tolist(),
        "probabilities": np.round(probabilities, _DIGITS).tolist(),
    }
    if folder is not None:
        path = _path(folder, key)
        path.parent.mkdir(parents=True, exist_ok=True)
        # Written whole or not at all: an interrupt leaves no half of a file.
        part = path.with_suffix(f".{os.getpid()}.part")
        part.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")
        part.replace(path)
    return key, content


def _path(folder: Path, key: str) -> Path:
    return folder / "runs" / f"{key}.json"


def _done(folder: Path | None, key: str) -> dict[str, Any] | None:
    """The run as an earlier call left it; None if there is none or its file is damaged."""
    if folder is None:
        return None
    try:
        content = json.loads(_path(folder, key).read_text(encoding="utf-8"))
        Run.of(content, key, "", 0, None, 1.0, "")
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
    return content if content["key"] == key else None


def versions(kind: str = "", estimator: str | None = None) -> dict[str, str]:
    """Versions of what a kind of method runs on."""
    found = {"python": platform.python_version(), "cqc-nlp": cqc_nlp.__version__}
    package = (estimator or "").split(".")[0]
    names: Sequence[str] = (*_LIBRARIES, *_FURTHER.get(kind, ()), *([package] if package not in ("", "sklearn") else []))
    for name in names:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def _weights(model: Model) -> str | None:
    """SHA-256 of the weights of an encoder, where they are on this machine."""
    if model.kind != "encoder":
        return None
    name = str(model.parameters.get("encoder", SHIPPED))
    if name == SHIPPED:
        from cqc_nlp.models import verify

        return hashlib.sha256(json.dumps(verify("accurate")["files"], sort_keys=True).encode()).hexdigest()
    found = [path for path in sorted(Path(name).glob("**/*")) if path.suffix in (".safetensors", ".bin", ".onnx")]
    return hashlib.sha256(b"".join(hashlib.sha256(path.read_bytes()).digest() for path in found)).hexdigest() if found else None


@cache
def _code() -> str:
    """SHA-256 over the code and rules that methods are made of."""
    root = Path(cqc_nlp.__file__).parent
    total = hashlib.sha256()
    paths = [path for path in root.glob("*.py") if path.name != "cli.py"] + [root / "experiments" / "methods.py"]
    paths += [p for part in ("tagging", "scoring", "data") for p in (root / part).iterdir() if p.suffix in (".py", ".json", ".csv")]
    for path in sorted(paths):
        total.update(path.name.encode() + b"\0" + path.read_bytes())
    return total.hexdigest()
