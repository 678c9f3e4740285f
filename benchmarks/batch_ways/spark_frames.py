"""Spark on this machine's processors: `predict_batch_udf` (`udf`), or `mapInPandas` (`frames`)."""

import sys
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pandas as pd
from pyspark.ml.functions import predict_batch_udf
from pyspark.sql import SparkSession
from pyspark.sql.functions import array, col
from pyspark.sql.types import FloatType, LongType, StructField, StructType

ROWS = 16_384
ANSWERS = StructType(
    [
        StructField("prediction", LongType()),
        StructField("probability_0", FloatType()),
        StructField("probability_1", FloatType()),
    ]
)


def opened(model: str) -> Callable[[Any], dict[str, Any]]:
    """A function that answers a matrix."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    given = session.get_inputs()[0]
    dtype = np.float64 if "double" in given.type else np.float32

    def answer(features: Any) -> dict[str, Any]:
        labels, probabilities = session.run(None, {given.name: np.ascontiguousarray(features, dtype)})
        return {
            "prediction": labels,
            "probability_0": probabilities[:, 0],
            "probability_1": probabilities[:, 1],
        }

    return answer


def main(model: str, source: str, dest: str, how: str = "udf") -> None:
    """All columns but the id go to the model as one array."""
    spark = (
        SparkSession.builder.master("local[*]")
        .config("spark.ui.enabled", "false")
        .config("spark.sql.execution.arrow.maxRecordsPerBatch", ROWS)
        .config("spark.driver.memory", "2g")
        .getOrCreate()
    )
    spark.sparkContext.setLogLevel("ERROR")
    rows = spark.read.parquet(source)
    names = [name for name in rows.columns if name != "id"]
    if how == "udf":
        predict = predict_batch_udf(
            lambda: opened(model),
            return_type=ANSWERS,
            batch_size=ROWS,
            input_tensor_shapes=[[len(names)]],
        )
        answered = rows.select("id", predict(array(*names)).alias("answer")).select("id", col("answer.*"))
    else:

        def answer(frames: Iterator[pd.DataFrame]) -> Iterator[pd.DataFrame]:
            predict = opened(model)
            for frame in frames:
                yield pd.DataFrame({"id": frame["id"], **predict(frame[names].to_numpy())})

        schema = StructType([StructField("id", LongType()), *ANSWERS.fields])
        answered = rows.mapInPandas(answer, schema)
    answered.write.parquet(dest)
    spark.stop()


main(*sys.argv[1:])
