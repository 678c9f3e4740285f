"""The target `batch`: a job that reads files, and what runs it in a container and on AWS Batch."""
