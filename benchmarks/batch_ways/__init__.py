"""Programs that answer the rows of a Parquet file, each as its own tool's guide shows; none imports ours.

Each is run as `python FILE MODEL INPUT OUTPUT` in an environment of its own. MODEL is the estimator where
scikit-learn predicts, else the converted model. They write id, prediction and both probabilities.
"""
