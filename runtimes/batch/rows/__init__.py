"""Rows of columns through the model: columns to tensors, verdicts as the function's, answers as columns."""

from runtimes.batch.rows.binding import Binding
from runtimes.batch.rows.predicting import Rows
from runtimes.batch.rows.sizing import batch_rows

__all__ = ["Binding", "Rows", "batch_rows"]
