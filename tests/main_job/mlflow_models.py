"""Saves one model of each flavour with MLflow itself; run by an interpreter that has it: FOLDER FLAVOUR …"""

import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

warnings.simplefilter("ignore")

Rows = Any
NO_REQUIREMENTS: list[str] = []
"""Else MLflow finds them by running the model, which takes longer than all the rest."""


def sklearn(folder: Path, rows: Rows, target: Any) -> None:
    import mlflow.sklearn
    from mlflow.models import infer_signature
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression(max_iter=500).fit(rows.to_numpy(), target)  # without names; MLflow has them
    signature = infer_signature(rows, model.predict(rows.to_numpy()))
    mlflow.sklearn.save_model(
        model, folder, signature=signature, input_example=rows.head(5), pip_requirements=NO_REQUIREMENTS
    )


def xgboost(folder: Path, rows: Rows, target: Any) -> None:
    import mlflow.xgboost
    from mlflow.models import infer_signature
    from xgboost import XGBClassifier

    model = XGBClassifier(n_estimators=5).fit(rows, target)
    signature = infer_signature(rows, model.predict(rows))
    mlflow.xgboost.save_model(
        model, folder, signature=signature, input_example=rows.head(5), pip_requirements=NO_REQUIREMENTS
    )


def lightgbm(folder: Path, rows: Rows, target: Any) -> None:
    import mlflow.lightgbm
    from lightgbm import LGBMClassifier

    model = LGBMClassifier(n_estimators=5, verbose=-1).fit(rows.to_numpy(), target)
    mlflow.lightgbm.save_model(
        model, folder, input_example=rows.to_numpy()[:5], pip_requirements=NO_REQUIREMENTS
    )


def pytorch(folder: Path, rows: Rows, target: Any) -> None:
    import mlflow.pytorch
    import torch

    torch.manual_seed(0)
    model = torch.nn.Sequential(torch.nn.Linear(4, 3), torch.nn.Softmax(dim=1)).eval()
    example = rows.to_numpy()[:4].astype("float32")
    mlflow.pytorch.save_model(model, folder, input_example=example, pip_requirements=NO_REQUIREMENTS)


def keras(folder: Path, rows: Rows, target: Any) -> None:
    import keras
    import mlflow.keras
    from mlflow.models import infer_signature

    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, activation="softmax")])
    example = rows.to_numpy()[:4].astype("float32")
    signature = infer_signature(example, model.predict(example, verbose=0))
    mlflow.keras.save_model(model, str(folder), signature=signature, pip_requirements=NO_REQUIREMENTS)


def onnx(folder: Path, rows: Rows, target: Any) -> None:
    import mlflow.onnx
    from skl2onnx import to_onnx
    from sklearn.linear_model import LogisticRegression

    example = rows.to_numpy()[:4].astype("float32")
    model = LogisticRegression(max_iter=500).fit(rows.to_numpy(), target)
    opsets = {"": 18, "ai.onnx.ml": 3}
    graph = to_onnx(model, example[:1], options={"zipmap": False}, target_opset=opsets)
    mlflow.onnx.save_model(graph, folder, input_example={"X": example}, pip_requirements=NO_REQUIREMENTS)


FLAVOURS: dict[str, Callable[[Path, Rows, Any], None]] = {
    save.__name__: save for save in (sklearn, xgboost, lightgbm, pytorch, keras, onnx)
}


if __name__ == "__main__":
    from sklearn.datasets import load_iris

    data, classes = load_iris(return_X_y=True, as_frame=True)
    for name in sys.argv[2:]:
        FLAVOURS[name](Path(sys.argv[1]) / name, data, classes)
