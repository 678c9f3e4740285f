"""The demo: a forest over the UCI wine measurements, built, verified and asked one real question.

Trains the model as a user would have done, saves it as a file, and from there on uses nothing but
the `packager` command line.
"""

import json
import subprocess
import sys
from pathlib import Path

import joblib
from sklearn.datasets import load_wine
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

HERE = Path("dist") / "demo"
ARTIFACT = Path("dist") / "wine" / "lambda"


def train() -> tuple[Path, Path, list[float], str]:
    """Write model.joblib and rows.csv; return them with one unseen row and its true class."""
    data = load_wine(as_frame=True)
    names = data.target.map(dict(enumerate(data.target_names)))
    seen, unseen, seen_names, unseen_names = train_test_split(data.data, names, random_state=0)
    model = make_pipeline(StandardScaler(), RandomForestClassifier(100, random_state=0)).fit(seen, seen_names)
    HERE.mkdir(parents=True, exist_ok=True)
    joblib.dump(model, HERE / "model.joblib")
    unseen.assign(cultivar=unseen_names).to_csv(HERE / "rows.csv", index=False)
    return HERE / "model.joblib", HERE / "rows.csv", list(unseen.iloc[0]), str(unseen_names.iloc[0])


def packager(*arguments: str | Path) -> str:
    """Run the command line as a user does: its talk goes to the terminal, its answer comes back."""
    command = [sys.executable, "-m", "packager", *map(str, arguments)]
    print("$ packager " + " ".join(map(str, arguments)), flush=True)
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    print(done.stdout, flush=True)
    if done.returncode:
        sys.exit(done.returncode)
    return done.stdout


def main() -> None:
    """Build, ask, compare."""
    model, rows, row, truth = train()
    packager(
        "build", model, "--name", "wine", "--target", "lambda", "--samples", rows, "--labels", "cultivar"
    )
    event = HERE / "event.json"
    event.write_text(json.dumps({"features": row}))
    answer = json.loads(packager("invoke", ARTIFACT, "--event", event))
    said = answer["predictions"][0]
    print(f"The artifact says {said!r}; the wine is {truth!r}.")
    sys.exit(0 if said == truth else 1)


if __name__ == "__main__":
    main()
