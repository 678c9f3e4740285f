"""A folder in which MLflow saved a model: which file it is, what is said of it, its example rows."""

from packager.mlflow_folder.agreement import agreed
from packager.mlflow_folder.example import write_rows
from packager.mlflow_folder.reading import MlflowModel, is_mlflow, read

__all__ = ["MlflowModel", "agreed", "is_mlflow", "read", "write_rows"]
