"""The Lambda face of the predictor: HTTP events, direct invokes, queues, streams, objects, warm-ups."""
