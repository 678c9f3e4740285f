"""TFLite files as sources: read, checked, answered by LiteRT's own interpreter, shipped as they are."""
