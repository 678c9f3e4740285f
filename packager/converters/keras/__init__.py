"""Keras models: files of Keras 3 on torch, everything else that is Keras in TensorFlow's environment."""
