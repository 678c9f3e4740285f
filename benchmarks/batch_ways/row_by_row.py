"""One prediction of scikit-learn for each row of a frame."""

import sys

import joblib
import pandas as pd


def main(model: str, source: str, dest: str) -> None:
    """A frame of one row at a time, so that the columns keep their names."""
    estimator = joblib.load(model)
    names = list(estimator.feature_names_in_)
    frame = pd.read_parquet(source)
    answers = []
    for index in range(len(frame)):
        row = frame.iloc[index : index + 1]
        probabilities = estimator.predict_proba(row[names])[0]
        label = estimator.classes_[probabilities.argmax()]
        answers.append((int(row["id"].iloc[0]), label, *probabilities))
    columns = ["id", "prediction", "probability_0", "probability_1"]
    pd.DataFrame(answers, columns=columns).to_parquet(f"{dest}.parquet", index=False)


main(*sys.argv[1:])
