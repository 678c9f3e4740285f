"""`packager submit`: a batch job on AWS Batch, as a plain job, an array of them, or under a state machine."""
