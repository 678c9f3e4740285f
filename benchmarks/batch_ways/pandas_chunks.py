"""pandas in chunks of 100,000 rows, and scikit-learn."""

import sys

import joblib
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

CHUNK = 100_000


def main(model: str, source: str, dest: str) -> None:
    """Chunk by chunk into one file."""
    estimator = joblib.load(model)
    names = list(estimator.feature_names_in_)
    writer = None
    for batch in pq.ParquetFile(source).iter_batches(CHUNK):
        frame = batch.to_pandas()
        probabilities = estimator.predict_proba(frame[names])
        answers = pd.DataFrame(
            {
                "id": frame["id"],
                "prediction": estimator.classes_[probabilities.argmax(axis=1)],
                "probability_0": probabilities[:, 0],
                "probability_1": probabilities[:, 1],
            }
        )
        table = pa.Table.from_pandas(answers, preserve_index=False)
        writer = writer or pq.ParquetWriter(f"{dest}.parquet", table.schema)
        writer.write_table(table)
    if writer is not None:
        writer.close()


main(*sys.argv[1:])
