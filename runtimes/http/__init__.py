"""The HTTP face of the predictor: a FastAPI app, local or behind Mangum."""
