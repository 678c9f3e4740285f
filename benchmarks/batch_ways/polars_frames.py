"""polars: a lazy scan, `map_batches` with ONNX Runtime, and a streaming sink."""

import sys

import numpy as np
import onnxruntime
import polars as pl


def main(model: str, source: str, dest: str) -> None:
    """Batch by batch as its streaming engine cuts them."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    given = session.get_inputs()[0]
    dtype = np.float64 if "double" in given.type else np.float32
    frame = pl.scan_parquet(source)
    features = [column for column in frame.collect_schema().names() if column != "id"]

    def answer(batch: pl.DataFrame) -> pl.DataFrame:
        matrix = batch.select(features).to_numpy(order="c").astype(dtype, copy=False)
        labels, probabilities = session.run(None, {given.name: matrix})
        return pl.DataFrame(
            {
                "id": batch["id"],
                "prediction": labels,
                "probability_0": probabilities[:, 0],
                "probability_1": probabilities[:, 1],
            }
        )

    schema = {"id": pl.Int64, "prediction": pl.Int64}
    schema |= {"probability_0": pl.Float32, "probability_1": pl.Float32}
    frame.map_batches(answer, streamable=True, schema=schema).sink_parquet(f"{dest}.parquet")


main(*sys.argv[1:])
