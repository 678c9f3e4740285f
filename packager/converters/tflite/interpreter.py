"""A TFLite model's own answers: LiteRT's interpreter, each time from its first state."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from packager.converters.failure import ConversionError, translated
from packager.converters.rows import Rows
from packager.converters.tensors import Array
from packager.converters.tflite.reading import Served


@dataclass(frozen=True, slots=True)
class Answers:
    """One interpreter for one set of input shapes: another set gets another."""

    path: Path
    served: Served
    opened: dict[tuple[tuple[int, ...], ...], Any] = field(default_factory=dict)

    def of(self, inputs: Mapping[str, Array]) -> dict[str, Array]:
        """The answers under the signature's names."""
        shapes = tuple(array.shape for array in inputs.values())
        said = ", ".join(f"{name} {list(array.shape)}" for name, array in inputs.items())
        with translated(ConversionError, f"LiteRT does not answer inputs of shape {said}"):
            interpreter = self.opened.get(shapes)
            if interpreter is None:
                interpreter = self._open({name: array.shape for name, array in inputs.items()})
                self.opened.clear()
                self.opened[shapes] = interpreter
            interpreter.reset_all_variables()
            return self._run(interpreter, inputs)

    def run(self, rows: Rows) -> None:
        """Whether such rows are answered at all: raises where not."""
        self.of(rows.columns)

    def _open(self, shapes: Mapping[str, tuple[int, ...]]) -> Any:
        from ai_edge_litert.interpreter import Interpreter

        interpreter = Interpreter(model_content=self.path.read_bytes(), num_threads=1)
        if self.served.key is None:
            places = {entry["name"]: entry for entry in interpreter.get_input_details()}
            for name, shape in shapes.items():
                if tuple(places[name]["shape"]) != shape:
                    interpreter.resize_tensor_input(places[name]["index"], shape)
        interpreter.allocate_tensors()
        return interpreter

    def _run(self, interpreter: Any, inputs: Mapping[str, Array]) -> dict[str, Array]:
        if self.served.key is not None:
            found = interpreter.get_signature_runner(self.served.key)(**inputs)
            return {name: np.array(found[name]) for name in self.served.outputs}
        for entry in interpreter.get_input_details():
            interpreter.set_tensor(entry["index"], inputs[entry["name"]])
        interpreter.invoke()
        return {
            entry["name"]: interpreter.get_tensor(entry["index"])
            for entry in interpreter.get_output_details()
        }
