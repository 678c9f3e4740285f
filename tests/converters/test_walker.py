"""The pickle machine's own rules: even admitted names are called and filled only as they should."""

import io
import pickle
import struct
import warnings
from typing import Any

import numpy as np
import pytest

from packager.converters.failure import SourceError, UnsafeModelError, WorkerError
from packager.converters.pickles.rehearsal import rehearse
from packager.converters.pickles.unpickler import Loader
from tests.converters.hostile_pickles import called, stacked_global, text, whole

MODEL = stacked_global("sklearn.linear_model._logistic", "LogisticRegression")
NEW_MODEL = MODEL + pickle.EMPTY_TUPLE + pickle.NEWOBJ


def load(data: bytes) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return Loader(io.BytesIO(data), frozenset()).load()


def test_refuses_to_call_a_function_that_may_only_be_named() -> None:
    assert load(whole(stacked_global("numpy", "mean"))) is np.mean
    with pytest.raises(UnsafeModelError, match="calls"):
        load(whole(called(stacked_global("numpy", "mean"), pickle.EMPTY_LIST)))


def test_refuses_to_call_an_object_that_the_file_made() -> None:
    with pytest.raises(UnsafeModelError, match="calls"):
        load(whole(called(NEW_MODEL, pickle.EMPTY_LIST)))


@pytest.mark.parametrize("module", ["sklearn.base", "sklearn.utils", "sklearn.utils.validation"])
def test_refuses_functions_of_scikit_learn_that_are_no_metrics(module: str) -> None:
    name = {"sklearn.base": "clone", "sklearn.utils": "shuffle"}.get(module, "check_X_y")
    with pytest.raises(UnsafeModelError, match=name):
        load(whole(stacked_global(module, name)))


def test_refuses_modules_of_scikit_learn_that_are_no_part_of_models() -> None:
    for module, name in (
        ("sklearn.conftest", "pytest"),
        ("sklearn.datasets", "fetch_openml"),
        ("sklearn", "os"),
    ):
        with pytest.raises(UnsafeModelError):
            load(whole(stacked_global(module, name)))


def test_refuses_to_fill_a_class() -> None:
    state = pickle.NONE + pickle.EMPTY_DICT + text("predict") + pickle.NONE + pickle.SETITEM + pickle.TUPLE2
    with pytest.raises(UnsafeModelError, match="sets the state"):
        load(whole(MODEL, state, pickle.BUILD))


def test_refuses_dunder_attributes() -> None:
    target = stacked_global("scipy.sparse._csr", "csr_matrix") + pickle.EMPTY_TUPLE + pickle.NEWOBJ
    state = pickle.EMPTY_DICT + text("__class__") + MODEL + pickle.SETITEM
    with pytest.raises(UnsafeModelError, match="__class__"):
        load(whole(target, state, pickle.BUILD))


def test_ignores_a_setstate_that_the_file_gave_an_object() -> None:
    first = (
        pickle.EMPTY_DICT
        + text("__setstate__")
        + stacked_global("numpy", "mean")
        + pickle.SETITEM
        + pickle.BUILD
    )
    second = pickle.EMPTY_DICT + text("C") + pickle.BININT1 + b"\x07" + pickle.SETITEM + pickle.BUILD
    assert load(whole(NEW_MODEL, first, second)).C == 7


def test_refuses_items_for_what_is_no_container() -> None:
    for items in (pickle.NONE + pickle.APPEND, text("a") + pickle.NONE + pickle.SETITEM):
        with pytest.raises(UnsafeModelError, match="adds items"):
            load(whole(NEW_MODEL, items))


def test_refuses_persistent_ids_and_numbers_of_the_registry() -> None:
    for data in (
        whole(text("id"), pickle.BINPERSID),
        whole(pickle.PERSID + b"id\n"),
        whole(pickle.EXT1 + b"\x01"),
    ):
        with pytest.raises(UnsafeModelError):
            load(data)


def test_refuses_a_name_that_is_no_text() -> None:
    with pytest.raises(UnsafeModelError, match="computes"):
        load(whole(text("sklearn"), pickle.EMPTY_LIST, pickle.STACK_GLOBAL))


def test_refuses_codecs_that_unpack() -> None:
    with pytest.raises(UnsafeModelError, match="codec"):
        load(whole(called(stacked_global("_codecs", "encode"), text("x"), text("zip"))))


def test_refuses_default_factories_that_call() -> None:
    with pytest.raises(UnsafeModelError, match="defaultdict"):
        load(whole(called(stacked_global("collections", "defaultdict"), MODEL)))


def test_refuses_partial_functions_of_anything_but_the_one_check() -> None:
    partial, check = (
        stacked_global("functools", "partial"),
        stacked_global("sklearn.utils.validation", "check_array"),
    )
    assert load(whole(called(partial, check))).args == ()
    with pytest.raises(UnsafeModelError, match="partial"):
        load(whole(called(partial, stacked_global("numpy", "mean"))))
    with pytest.raises(UnsafeModelError, match="partial"):
        load(whole(called(partial, check, text("rows"))))
    state = (
        pickle.MARK + stacked_global("numpy", "mean") + pickle.EMPTY_TUPLE + pickle.EMPTY_DICT + pickle.NONE
    )
    with pytest.raises(UnsafeModelError, match="partial"):
        load(whole(called(partial, check), state + pickle.TUPLE, pickle.BUILD))


def test_refuses_to_rebuild_upon_another_base() -> None:
    made = called(
        stacked_global("copyreg", "_reconstructor"), MODEL, stacked_global("builtins", "dict"), pickle.NONE
    )
    with pytest.raises(UnsafeModelError, match="upon"):
        load(whole(made))


def test_refuses_a_large_array_that_the_file_only_describes() -> None:
    huge = pickle.LONG1 + b"\x06" + (1 << 40).to_bytes(6, "little")
    shape = huge + pickle.TUPLE1
    array = called(
        stacked_global("numpy._core.multiarray", "_reconstruct"),
        stacked_global("numpy", "ndarray"),
        shape,
        text("d"),
    )
    with pytest.raises(UnsafeModelError, match="shape"):
        load(whole(array))


def test_refuses_bytes_of_a_size_that_the_file_only_claims() -> None:
    for opcode in (pickle.BINBYTES8, pickle.BYTEARRAY8, pickle.BINUNICODE8):
        data = whole(opcode + struct.pack("<Q", 1 << 62), protocol=5)
        with pytest.raises((pickle.UnpicklingError, EOFError, MemoryError, OverflowError, WorkerError)):
            load(data)


def test_refuses_record_arrays_of_objects() -> None:
    """A dtype whose fields are objects, with the flag for it taken out, would make pointers of bytes."""
    forged = np.dtype([("a", "O")])
    module, args, state = "numpy", ("V8", False, True), list(forged.__reduce__()[2])
    state[7] = 0
    dumped = pickle.dumps(tuple(state), protocol=4)[2:-1]
    dtype = called(stacked_global(module, "dtype"), text(args[0]), pickle.NEWFALSE, pickle.NEWTRUE)
    with pytest.raises(SourceError, match="record array"):
        load(whole(dtype, dumped, pickle.BUILD))


def test_the_rehearsal_finds_every_name_and_makes_nothing() -> None:
    data = whole(
        called(stacked_global("os", "system"), text("exit 1")), pickle.POP, called(stacked_global("a.b", "c"))
    )
    assert rehearse(io.BytesIO(data)).full_names == ("a.b.c", "os.system")
