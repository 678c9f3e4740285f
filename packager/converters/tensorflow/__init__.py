"""TensorFlow models: SavedModel folders, and the Keras files that torch cannot read or export."""
