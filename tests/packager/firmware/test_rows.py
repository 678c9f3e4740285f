"""Rows and answers as files: every dtype, in the signature's order, nothing lost and nothing made up."""

import numpy as np
import pytest

from packager.errors import VerificationError
from packager.firmware import rows
from packager.model import Signature, TensorSpec
from packager.probe import Array, Case
from tests.packager.firmware.by_hand import SUM_AND_SIGN, cases


def test_a_row_is_its_inputs_one_after_another() -> None:
    signature = Signature(
        inputs=(TensorSpec("a", "float32", ("batch", 2)), TensorSpec("b", "int64", ("batch", 1))),
        outputs=SUM_AND_SIGN.outputs,
    )
    inputs: dict[str, Array] = {
        "b": np.array([[7], [8]], np.int64),
        "a": np.array([[1, 2], [3, 4]], np.float32),
    }
    written = rows.encode([Case(inputs, {})], signature)
    assert len(written) == 2 * rows.row_bytes(signature) == 32
    assert np.frombuffer(written[16:24], "<f4").tolist() == [3, 4]
    assert np.frombuffer(written[24:], "<i8").tolist() == [8]


def test_answers_are_given_case_by_case_again() -> None:
    asked = cases(5)
    told = b"".join(
        np.int64(label).tobytes() + np.float32(total).tobytes()
        for case in asked
        for label, total in zip(case.outputs["label"], case.outputs["sum"], strict=True)
    )
    answers = rows.decode(told, asked, SUM_AND_SIGN)
    for case, found in zip(asked, answers.outputs, strict=True):
        assert found["label"].tolist() == case.outputs["label"].tolist()
        assert found["sum"].tobytes() == case.outputs["sum"].tobytes()
        assert found["sum"].dtype == np.float32


@pytest.mark.parametrize("told", [b"", bytes(11), bytes(12 * 7)])
def test_a_program_that_answers_too_little_or_too_much_is_refused(told: bytes) -> None:
    with pytest.raises(VerificationError, match=r"answered .* bytes to 6 rows, and 12 bytes are one answer"):
        rows.decode(told, cases(5), SUM_AND_SIGN)
