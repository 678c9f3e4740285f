"""The usual way: FastAPI with a `def` endpoint, Mangum, and the onnxruntime package."""

import numpy as np
import onnxruntime
from fastapi import FastAPI
from mangum import Mangum
from pydantic import BaseModel

session = onnxruntime.InferenceSession("model.onnx")
app = FastAPI()


class Question(BaseModel):
    """One row."""

    features: list[float]


@app.post("/predict")
def predict(question: Question) -> dict[str, object]:
    """Run the model on one row."""
    label, probabilities = session.run(None, {"X": np.array([question.features], np.float32)})
    return {"predictions": label.tolist(), "probabilities": probabilities.tolist()}


handler = Mangum(app)
