"""The heart of every artifact: manifest, tensors, engines and the predictor. Standard library only."""
