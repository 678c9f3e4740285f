"""The models that are measured: an iris forest, and a small convolutional net over digits."""

from pathlib import Path


def forest(folder: Path) -> Path:
    """A random forest of 100 trees over the four features of the iris data."""
    import joblib
    from sklearn.datasets import load_iris
    from sklearn.ensemble import RandomForestClassifier

    data, target = load_iris(return_X_y=True)
    joblib.dump(RandomForestClassifier(100, random_state=0).fit(data, target), folder / "iris.joblib")
    return folder / "iris.joblib"


def convolutions(folder: Path) -> Path:
    """Two convolutions and a linear layer over 8 x 8 images of digits, as an exported program.

    It is not trained: what is measured does not depend on the weights.
    """
    import torch

    torch.manual_seed(0)
    layers = [torch.nn.Conv2d(1, 8, 3), torch.nn.ReLU(), torch.nn.Conv2d(8, 16, 3), torch.nn.ReLU()]
    net = torch.nn.Sequential(*layers, torch.nn.Flatten(), torch.nn.Linear(256, 10)).eval()
    program = torch.export.export(net, (torch.zeros(1, 1, 8, 8),))
    torch.export.save(program, folder / "digits.pt2")
    return folder / "digits.pt2"
