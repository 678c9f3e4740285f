"""Opens a scikit-learn file: names first, judged all together, then the objects."""

from __future__ import annotations

import importlib.util
import sys
import warnings
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from packager.converters.boosting.pipeline import LIBRARIES, complete, library_of, refuse_categories
from packager.converters.detection import detect
from packager.converters.failure import SourceError
from packager.converters.pickles.allowlist import admit, refuse_missing
from packager.converters.pickles.rehearsal import Contents
from packager.converters.pickles.unpickler import load_pickle, read_contents, unsafe
from packager.converters.request import Request
from packager.converters.sklearn.parts import inside, walk
from packager.converters.sklearn.trees import refuse_broken_trees


@dataclass(frozen=True)
class Opened:
    model: Any
    contents: Contents
    notes: tuple[str, ...]


def open_model(request: Request) -> Opened:
    if request.allow:
        sys.path.extend(path for path in request.import_paths if path not in sys.path)
    if detect(request.source).form == "skops":
        from packager.converters.sklearn.skops_file import load_skops, read_skops_contents

        contents = read_skops_contents(request.source)
        judge(contents, request.allow)
        model, notes = _noted(lambda: load_skops(request.source, contents))
    else:
        contents = read_contents(request.source)
        judge(contents, request.allow)
        model, notes = _noted(lambda: load_pickle(request.source, request.allow))
    _check_model(model, request)
    return Opened(model, contents, notes)


def judge(contents: Contents, allowed: frozenset[str]) -> None:
    """Refuses with every name that is not admitted, before anything of the file is made."""
    import sklearn

    verdicts = {f"{module}.{name}": admit(module, name, allowed).verdict for module, name in contents.names}
    refused = [name for name, verdict in verdicts.items() if verdict == "refused"]
    if refused:
        raise unsafe(refused)
    missing = [name for name, verdict in verdicts.items() if verdict == "missing"]
    foreign = [name for name in missing if name in allowed]
    if foreign:
        raise SourceError(
            f"{', '.join(foreign)} was allowed and cannot be imported",
            hint="run the command where the module can be imported, or install its package",
        )
    for library in LIBRARIES:
        _refuse_missing_of(library, missing)
    installed = f"scikit-learn {sklearn.__version__}"
    refuse_missing(missing, "scikit-learn", contents.sklearn_version, installed)


def _refuse_missing_of(library: str, missing: list[str]) -> None:
    names = [name for name in missing if name.partition(".")[0] == library]
    if names and importlib.util.find_spec(library) is None:
        raise SourceError(
            f"The model needs the package {library}, which is not installed",
            hint=f"pip install {library}",
            environment="boosting",
        )
    if names:
        raise SourceError(
            f"The model was written by another version of {library} and needs {', '.join(names)}, "
            f"which {library} {import_module(library).__version__} does not have",
            hint="load it where it was made, and save its booster as a file: booster.save_model(FILE)",
        )


def _noted(load: Any) -> tuple[Any, tuple[str, ...]]:
    """The loaded model; the library's warnings about versions become notes, each once."""
    import sklearn

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        model = load()
    versions = sorted({warning.category.__name__ for warning in caught} & {"InconsistentVersionWarning"})
    originals = sorted(
        {str(getattr(warning.message, "original_sklearn_version", "")) for warning in caught} - {""}
    )
    if not versions:
        return model, ()
    return model, (
        f"the answers are those of scikit-learn {sklearn.__version__}, "
        f"and {', '.join(originals)} wrote the model",
    )


def _check_model(model: Any, request: Request) -> None:
    from sklearn.base import BaseEstimator
    from sklearn.exceptions import NotFittedError
    from sklearn.utils.validation import check_is_fitted

    if type(model).__name__ == "Booster" and library_of(model):
        return
    if not isinstance(model, BaseEstimator):
        raise SourceError(
            f"{request.source.name} holds a {type(model).__name__}, not a scikit-learn model",
            hint="save the model alone: joblib.dump(model, 'model.joblib')",
        )
    for part in walk(model):
        if library_of(part):
            complete(part)
            if part is not inside(model):
                refuse_categories(part)
    try:
        check_is_fitted(model)
    except NotFittedError as error:
        raise SourceError(
            f"The model in {request.source.name} is not fitted", hint="fit it before saving it"
        ) from error
    refuse_broken_trees(model)
