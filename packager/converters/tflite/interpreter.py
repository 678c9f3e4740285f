"""A TFLite model's own answers: LiteRT's interpreter, each time from its first state."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from packager.converters.failure import ConversionError, translated
from packager.converters.rows import Rows
from packager.converters.tensors import Array
from packager.converters.tflite.library import interpreter_module
from packager.converters.tflite.reading import Served

Shapes = Mapping[str, tuple[int, ...]]


@dataclass(frozen=True, slots=True)
class Answers:
    """One interpreter for one set of input shapes: another set gets another."""

    data: bytes
    served: Served
    opened: dict[tuple[tuple[int, ...], ...], Any] = field(default_factory=dict)

    def of(self, inputs: Mapping[str, Array]) -> dict[str, Array]:
        """The answers under the signature's names."""
        shapes = {name: array.shape for name, array in inputs.items()}
        said = ", ".join(f"{name} {list(shape)}" for name, shape in shapes.items())
        with translated(ConversionError, f"LiteRT does not answer inputs of shape {said}"):
            key = tuple(shapes.values())
            if key not in self.opened:
                self.opened.clear()
                self.opened[key] = self._open(shapes)
            interpreter = self.opened[key]
            interpreter.reset_all_variables()
            if self.served.place:
                return self._by_signature(interpreter, inputs)
            for name, at in self.served.input_places.items():
                interpreter.set_tensor(at, inputs[name])
            interpreter.invoke()
            return {name: interpreter.get_tensor(at) for name, at in self.served.output_places.items()}

    def run(self, rows: Rows) -> None:
        """Whether such rows are answered at all: raises where not."""
        self.of(rows.columns)

    def sizes_before(self, shapes: Shapes) -> dict[str, tuple[int, ...]]:
        """What is known of the answers' shapes when memory is given to them, before anything is computed."""
        interpreter = self._open(shapes)
        if self.served.place:
            details = interpreter.get_signature_runner(self.served.key).get_output_details()
            return {name: tuple(map(int, details[name]["shape"])) for name in self.served.outputs}
        known = {entry["index"]: entry["shape"] for entry in interpreter.get_output_details()}
        return {name: tuple(map(int, known[at])) for name, at in self.served.output_places.items()}

    def _open(self, shapes: Shapes) -> Any:
        interpreter = interpreter_module().Interpreter(model_content=self.data, num_threads=1)
        for name, at in self.served.input_places.items() if not self.served.place else ():
            if self.served.inputs[name].shape != shapes[name]:
                interpreter.resize_tensor_input(at, shapes[name])
        interpreter.allocate_tensors()
        return interpreter

    def _by_signature(self, interpreter: Any, inputs: Mapping[str, Array]) -> dict[str, Array]:
        """A graph that is not the file's first is reached by its signature alone."""
        found = interpreter.get_signature_runner(self.served.key)(**inputs)
        return {name: np.array(found[name]) for name in self.served.outputs}
