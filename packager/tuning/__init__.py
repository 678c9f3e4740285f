"""`packager tune`: latency, memory and price of an artifact at each Lambda memory size."""
