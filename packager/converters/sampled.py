"""The user's sample rows with their labels, all of them, as the model takes them."""

from dataclasses import dataclass

from packager.converters.failure import SamplesError
from packager.converters.labels import take_labels
from packager.converters.request import Request
from packager.converters.rows import Rows
from packager.converters.samples import read_samples, renamed
from packager.converters.signature import Signature
from packager.converters.tensors import Array


@dataclass(frozen=True, slots=True)
class Sampled:
    """Rows and, if the user has them, one label for each."""

    rows: Rows
    labels: Array | None


def read_sampled(request: Request, signature: Signature) -> Sampled | None:
    """None without samples; labels without rows belong to nothing."""
    if request.samples is None:
        if request.labels is not None:
            raise SamplesError(
                "There are labels, but no samples that they belong to", hint="add --samples FILE"
            )
        return None
    table, labels = take_labels(request)
    rows = read_samples(renamed(table, request.columns, signature), signature)
    if labels is not None and len(labels) != len(rows):
        raise SamplesError(f"There are {len(labels)} labels for {len(rows)} rows of samples")
    return Sampled(rows, labels)
