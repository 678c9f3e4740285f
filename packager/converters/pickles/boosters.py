"""The state of XGBoost's and LightGBM's boosters, read by us before compiled code parses it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from packager.converters.failure import SourceError


def refuse_broken_booster(name: str, state: Any) -> None:
    """``name``: the full name of the class that is given the state; others than boosters pass."""
    check = _CHECKS.get(name)
    if check is None:
        return
    if not isinstance(state, dict) or not all(isinstance(key, str) for key in state):
        raise _broken(name, type(state).__name__)
    check(name, state)


def _check_xgboost(name: str, state: dict[str, Any]) -> None:
    from packager.converters.boosting.xgboost_model import parse, read_ensemble

    handle = state.get("handle")
    if not isinstance(handle, bytearray):
        raise _broken(name, type(handle).__name__)
    if not handle.startswith(b"{"):
        raise SourceError(
            "The pickle holds a booster in XGBoost's binary format, which XGBoost no longer reads",
            hint="load it with the XGBoost that wrote it, and save it: booster.save_model('model.json')",
        )
    form = "xgboost_json" if handle[1:].lstrip()[:1] == b'"' else "xgboost_ubj"
    read_ensemble(parse(handle, form, "The booster in the pickle"))


def _check_lightgbm(name: str, state: dict[str, Any]) -> None:
    from packager.converters.boosting.lightgbm_model import read_ensemble
    from packager.converters.boosting.lightgbm_text import parse

    # LightGBM 3 and older called it "handle".
    text = state.get("_handle", state.get("handle"))
    if not isinstance(text, str):
        raise _broken(name, type(text).__name__)
    read_ensemble(parse(text, "The booster in the pickle"))


def _broken(name: str, kind: str) -> SourceError:
    return SourceError(f"The file gives {name} a {kind} in place of a model: it is damaged or not fitted")


_CHECKS: dict[str, Callable[[str, dict[str, Any]], None]] = {
    "xgboost.core.Booster": _check_xgboost,
    "lightgbm.basic.Booster": _check_lightgbm,
}
