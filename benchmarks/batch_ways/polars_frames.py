"""polars: a lazy scan, `map_batches` with ONNX Runtime, and a streaming sink."""

import sys

import onnxruntime
import polars as pl


def main(model: str, source: str, dest: str) -> None:
    """Batch by batch as its streaming engine cuts them."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    frame = pl.scan_parquet(source)
    features = [column for column in frame.collect_schema().names() if column != "id"]

    def answer(batch: pl.DataFrame) -> pl.DataFrame:
        labels, probabilities = session.run(None, {name: batch.select(features).to_numpy(order="c")})
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
