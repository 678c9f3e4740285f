"""The check of a state machine: Step Functions finds mistakes late, and linters of templates do not look."""

import json
from typing import Any

from packager.errors import ConfigError
from packager.targets.batch import quotas

_ENDS = ("Succeed", "Fail")
_PROCESSOR = "ItemProcessor"


def check(text: str) -> None:
    """Refuse a definition that is too large, lacks states, or leads nowhere."""
    limits = quotas.table()["state_machine"]
    size = len(text.encode())
    if size > limits["definition_bytes"]:
        raise ConfigError(f"the state machine has {size} bytes, and AWS takes {limits['definition_bytes']}")
    try:
        document = json.loads(text)
    except ValueError as error:
        raise ConfigError(f"the state machine is no JSON: {error}") from error
    _check_states("the state machine", document)


def _check_states(where: str, machine: object) -> None:
    if not isinstance(machine, dict) or not machine.get("States"):
        raise ConfigError(f"{where} has no States")
    states: dict[str, Any] = machine["States"]
    if machine.get("StartAt") not in states:
        raise ConfigError(f"{where} starts at {machine.get('StartAt')!r}, which is none of its states")
    for name, state in states.items():
        _check_state(f"the state {name!r}", name, state, states)
    reached = _reached(machine["StartAt"], states)
    for name in states:
        if name not in reached:
            raise ConfigError(f"nothing leads to the state {name!r}")


def _check_state(where: str, name: str, state: dict[str, Any], states: dict[str, Any]) -> None:
    limits = quotas.table()["state_machine"]
    if len(name) > limits["state_name_characters"]:
        raise ConfigError(f"{where} has a name of more than {limits['state_name_characters']} characters")
    kind = state.get("Type")
    if kind not in ("Task", "Map", "Pass", "Choice", "Wait", "Parallel", *_ENDS):
        raise ConfigError(f"{where} has the type {kind!r}, which there is not")
    if kind not in (*_ENDS, "Choice") and ("Next" in state) == (state.get("End") is True):
        raise ConfigError(f"{where} has to have either Next or End")
    for target in _targets(state):
        if target not in states:
            raise ConfigError(f"{where} leads to {target!r}, which there is not")
    if kind == "Task" and not state.get("Resource"):
        raise ConfigError(f"{where} is a task without a Resource")
    if kind == "Map":
        _check_map(where, state)
    for branch in state.get("Branches", []):
        _check_states(f"a branch of {where}", branch)


def _check_map(where: str, state: dict[str, Any]) -> None:
    limits = quotas.table()["state_machine"]
    if state.get("MaxConcurrency", 0) > limits["map_concurrency"]:
        raise ConfigError(
            f"{where} runs {state['MaxConcurrency']} at once, and AWS takes {limits['map_concurrency']}"
        )
    if len(state.get("Label", "")) > limits["label_characters"]:
        raise ConfigError(f"{where} has a label of more than {limits['label_characters']} characters")
    _check_states(f"the processor of {where}", state.get(_PROCESSOR))


def _targets(state: dict[str, Any]) -> list[str]:
    """Every state that this one may go on to."""
    rules = [*state.get("Catch", []), *state.get("Choices", [])]
    named = [state.get("Next"), state.get("Default"), *(rule.get("Next") for rule in rules)]
    return [name for name in named if name is not None]


def _reached(start: str, states: dict[str, Any]) -> set[str]:
    found: set[str] = set()
    waiting = [start]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += _targets(states[name])
    return found
