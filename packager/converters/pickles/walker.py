"""A pickle machine that calls only what it was let through: the base of the rehearsal and the loader.

Python's own unpickler calls whatever lies on its stack: anything for REDUCE, any ``__setstate__``, any
``append`` or ``extend``. Here each of these opcodes asks first.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable
from typing import IO, Any, ClassVar, cast

import numpy as np

from packager.converters.failure import UnsafeModelError
from packager.converters.pickles.arrays import complete_dtype

_Machine: Any = cast(Any, pickle._Unpickler)
_COMPATIBLE_MODULES = {"__builtin__": "builtins", "copy_reg": "copyreg"}


class Walker(_Machine):  # type: ignore[misc]
    """``make``, ``fill`` and ``resolve`` are what a walk does with what it meets."""

    dispatch: ClassVar[dict[int, Callable[[Any], None]]] = dict(_Machine.dispatch)

    def __init__(self, file: IO[bytes]) -> None:
        super().__init__(file)
        self.file = file

    def resolve(self, module: str, name: str) -> Any:
        raise NotImplementedError

    def make(self, called: Any, args: Any, kwargs: Any, *, as_class: bool) -> Any:
        raise NotImplementedError

    def fill(self, made: Any, state: Any) -> Any:
        """Gives an object its state; returns the object, or what stands for it from now on."""
        raise NotImplementedError

    def grow(self, container: Any, items: Any, kind: type) -> None:
        """APPENDS, SETITEMS and ADDITEMS, for lists, dicts and sets alone."""
        if not isinstance(container, kind):
            raise UnsafeModelError(
                f"The file adds items to a {type(container).__name__}, not to a {kind.__name__}"
            )
        if isinstance(container, list):
            container.extend(items)
        elif isinstance(container, dict):
            container.update(items)
        else:
            cast(set[Any], container).update(items)

    def find_class(self, module: str, name: str) -> Any:
        return self.resolve(_COMPATIBLE_MODULES.get(module, module), name)

    def persistent_load(self, _pid: Any) -> Any:
        raise UnsafeModelError("The file asks for an object outside of itself (a persistent id)")

    def load_extension(self) -> None:
        raise UnsafeModelError("The file asks for a class by a number of the copyreg registry")

    def load_stack_global(self) -> None:
        name, module = self.stack.pop(), self.stack.pop()
        if type(name) is not str or type(module) is not str:
            raise UnsafeModelError("The file computes the name of what it imports")
        self.append(self.find_class(module, name))

    def load_reduce(self) -> None:
        args = self.stack.pop()
        self.stack[-1] = self.make(self.stack[-1], args, {}, as_class=False)

    def load_newobj(self) -> None:
        args = self.stack.pop()
        self.append(self.make(self.stack.pop(), args, {}, as_class=True))

    def load_newobj_ex(self) -> None:
        kwargs, args = self.stack.pop(), self.stack.pop()
        self.append(self.make(self.stack.pop(), args, kwargs, as_class=True))

    def load_inst(self) -> None:
        module, name = (self.readline()[:-1].decode("ascii") for _ in range(2))
        args = tuple(self.pop_mark())
        self.append(self.make(self.find_class(module, name), args, {}, as_class=False))

    def load_obj(self) -> None:
        called, *args = self.pop_mark()
        self.append(self.make(called, tuple(args), {}, as_class=False))

    def load_build(self) -> None:
        state, made = self.stack.pop(), self.stack[-1]
        if isinstance(made, np.dtype):
            filled: Any = complete_dtype(made, state)
        else:
            filled = self.fill(made, state)
        if filled is not made:
            self.stack[-1] = filled
            for key in [key for key, value in self.memo.items() if value is made]:
                self.memo[key] = filled

    def load_append(self) -> None:
        item = self.stack.pop()
        self.grow(self.stack[-1], [item], list)

    def load_appends(self) -> None:
        items = self.pop_mark()
        self.grow(self.stack[-1], items, list)

    def load_setitem(self) -> None:
        value, key = self.stack.pop(), self.stack.pop()
        self.grow(self.stack[-1], [(key, value)], dict)

    def load_setitems(self) -> None:
        items = self.pop_mark()
        if len(items) % 2:
            raise ValueError("a key without a value")
        self.grow(self.stack[-1], zip(items[::2], items[1::2]), dict)

    def load_additems(self) -> None:
        items = self.pop_mark()
        self.grow(self.stack[-1], items, set)


_OPCODES: dict[bytes, Callable[[Any], None]] = {
    pickle.REDUCE: Walker.load_reduce,
    pickle.NEWOBJ: Walker.load_newobj,
    pickle.NEWOBJ_EX: Walker.load_newobj_ex,
    pickle.INST: Walker.load_inst,
    pickle.OBJ: Walker.load_obj,
    pickle.BUILD: Walker.load_build,
    pickle.STACK_GLOBAL: Walker.load_stack_global,
    pickle.EXT1: Walker.load_extension,
    pickle.EXT2: Walker.load_extension,
    pickle.EXT4: Walker.load_extension,
    pickle.APPEND: Walker.load_append,
    pickle.APPENDS: Walker.load_appends,
    pickle.SETITEM: Walker.load_setitem,
    pickle.SETITEMS: Walker.load_setitems,
    pickle.ADDITEMS: Walker.load_additems,
}
Walker.dispatch.update({opcode[0]: method for opcode, method in _OPCODES.items()})
