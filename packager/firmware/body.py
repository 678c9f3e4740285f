"""Writes the C function of a program, step after step."""

from dataclasses import dataclass

import numpy as np

from packager.firmware import checks, helpers, scratch
from packager.firmware.interface import Answer, Interface
from packager.firmware.literals import BYTES, as_type
from packager.firmware.program import Program, Step
from packager.firmware.steps import EMITTERS, Call, UnwritableError
from packager.firmware.tensor import Buffer, Tensor, known, whole
from packager.firmware.writer import Writer, declared

_LACKING = dict.fromkeys(("texts", "counting"), "way to look for words in texts")
"""What whole families of steps are for, that have no C."""


@dataclass(frozen=True, slots=True)
class Body:
    """The parts of NAME.c, and what they take."""

    tables: tuple[str, ...]
    helpers: tuple[str, ...]
    scratch: tuple[str, ...]
    lines: tuple[str, ...]
    scratch_bytes: int
    table_bytes: int
    has_trees: bool


def written(program: Program, interface: Interface, wide: bool) -> Body:
    """The function as C; UnwritableError names what C has not."""
    out = Writer(interface.prefix, wide)
    values = _inputs(program, interface)
    named = {port.name: values[port.value] for port in program.inputs}
    checks.write(interface, named, out)
    for number, array in program.constants.items():
        values[number] = known(interface.texts.of(array), program.dtypes[number])
    for step in program.steps:
        _write_step(step, program, interface, values, out)
    out.step += 1
    if not any(interface.parameter in line for line in out.lines):
        out.line(f"(void){interface.parameter};")
    for answer in interface.outputs:
        port = next(port for port in program.outputs if port.name == answer.spec.name)
        _answer(answer, values[port.value], out)
    return _body(program, out)


def _inputs(program: Program, interface: Interface) -> dict[int, Tensor]:
    found = {}
    for argument in interface.inputs:
        port = next(port for port in program.inputs if port.name == argument.spec.name)
        name = f"{interface.parameter}->{argument.member}" if interface.is_struct else interface.parameter
        is_one = interface.is_struct and argument.size == 1
        buffer = Buffer(name, argument.c_type, argument.size, is_input=True, is_one=is_one)
        shape = (1, *argument.shape) if interface.batched else argument.shape
        found[port.value] = whole(port.dtype, shape, buffer)
    return found


def _write_step(
    step: Step, program: Program, interface: Interface, values: dict[int, Tensor], out: Writer
) -> None:
    emit = EMITTERS.get(step.operator)
    if emit is None:
        family = step.operator.partition(".")[0]
        raise UnwritableError(_LACKING.get(family, f"form of the step {step.operator}"))
    out.step += 1
    takes = tuple(None if number < 0 else values[number] for number in step.takes)
    gives = tuple(program.dtypes[number] for number in step.gives)
    began = len(out.lines)
    try:
        made = emit(Call(step.operator, takes, gives, step.attributes, out, interface.texts))
    except (ValueError, IndexError) as error:
        raise UnwritableError(f"form of the step {step.operator} with these shapes: {error}") from error
    if len(out.lines) > began:
        out.lines.insert(began, f"    /* {step.operator} */")
    for number, tensor, dtype in zip(step.gives, made, gives, strict=True):
        values[number] = Tensor(dtype, tensor.array, tensor.buffer, tensor.places)


def _answer(answer: Answer, value: Tensor, out: Writer) -> None:
    if value.size != answer.size:
        raise UnwritableError(
            f"the output {answer.spec.name} of {list(value.shape)}: one for each row is asked for"
        )
    member = f"answer->{answer.member}"
    with out.loop("i", value.size) as i:
        dest = f"{member}[{i}]" if answer.size != 1 else member
        read = out.read(value, i)
        if not answer.classes or answer.by_place:
            out.line(f"{dest} = {as_type(read, value.c_type, answer.c_type)};")
            return
        labels = known(np.array(answer.classes).astype(value.dtype), value.dtype)
        out.line(f"{dest} = -1;")
        with out.loop("k", len(answer.classes)) as k:
            found = f"{dest} = (int32_t){k};"
            out.line(f"if ({read} == {out.read(labels, k)}) {{ {found} }}")
        out.refuse_if(f"{dest} < 0")


def _body(program: Program, out: Writer) -> Body:
    laid = out.laid()
    arrays = scratch.sizes(laid)
    pointers = [
        f"    {buffer.c_type} *const {buffer.name} = scratch_{_short(buffer)} + {place};"
        for buffer, place in laid.items()
    ]
    tables = tuple(out.tables.values())
    return Body(
        tables=tuple(map(declared, tables)),
        helpers=tuple(helpers.text(name) for name in sorted(out.used)),
        scratch=tuple(
            f"static {c_type} scratch_{c_type.removesuffix('_t')}[{count}];"
            for c_type, count in arrays.items()
        ),
        lines=(*pointers, *out.lines),
        scratch_bytes=sum(BYTES[c_type] * count for c_type, count in arrays.items()),
        table_bytes=sum(table.size_bytes for table in tables),
        has_trees=any(step.operator.startswith("trees.") for step in program.steps),
    )


def _short(buffer: Buffer) -> str:
    return buffer.c_type.removesuffix("_t")
