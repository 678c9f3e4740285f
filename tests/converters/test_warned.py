"""What libraries warn of, in their own words: judged, so that no user has to."""

import logging
import warnings
from typing import Any

import pytest
import torch
from torch import nn

from packager.converters.failure import ConversionError
from packager.converters.warned import listening


class Deciding(nn.Module):  # type: ignore[misc]
    """Takes another branch for other values."""

    def forward(self, x: Any) -> Any:
        return x * 2 if x.sum() > 0 else x


class Remembering(nn.Module):  # type: ignore[misc]
    """Keeps a tensor of the last call, which no graph does."""

    def __init__(self) -> None:
        super().__init__()
        self.last = torch.zeros(2)

    def forward(self, x: Any) -> Any:
        self.last = x + self.last
        return self.last


def test_a_branch_that_is_fixed_stops_the_conversion() -> None:
    with listening() as heard:
        torch.jit.trace(Deciding(), (torch.ones(2),))
    with pytest.raises(ConversionError, match="keeps one branch or size for all inputs: TracerWarning"):
        heard.document()


def test_a_state_that_changes_while_the_model_runs_stops_the_conversion() -> None:
    with listening() as heard:
        torch.export.export(Remembering(), (torch.ones(2),), strict=False)
    with pytest.raises(ConversionError, match="changes its own state while it runs"):
        heard.document()


# As torch, litert-torch, skl2onnx and TensorFlow said it over the models of these tests.
@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("UserWarning: The tensor attributes " + ", ".join(f"self.l._flat_weights[{at}]" for at in range(16))
         + " were assigned during export. Such attributes must be registered as buffers",
         "the same weights by another name"),
        ("FutureWarning: `isinstance(treespec, LeafSpec)` is deprecated", "about later releases"),
        ("UserWarning: Warning: tf.lite.Interpreter is deprecated and is scheduled for deletion",
         "about later releases"),
        ("Skipping constant folding for op SequenceEmpty with multiple outputs.", "about size alone"),
        ("Skipped deduplication of initializer 'row_result' as it is a graph input", "about size alone"),
        ("UserWarning: Manually populate inner.1.num_batches_tracked into state_dict ExportedProgram",
         "about a counter that no answer uses"),
        ("something that nobody has said yet", "not known; the answers were compared"),
    ],
)  # fmt: skip
def test_what_means_no_harm_is_said_with_the_reason(text: str, reason: str) -> None:
    with listening() as heard:
        logging.getLogger("a.library").warning(text)
    (said,) = heard.document()
    assert (said["verdict"], said["reason"]) == ("harmless", reason)
    assert text.startswith(said["text"]) and len(said["text"]) <= 300


def test_each_warning_is_told_once_in_one_line_without_paths_of_this_machine() -> None:
    with listening() as heard:
        for _ in range(3):
            warnings.warn("old\n  name in /home/somebody/lib/thing.py", DeprecationWarning, stacklevel=1)
    assert [said["text"] for said in heard.document()] == ["DeprecationWarning: old name in …"]
