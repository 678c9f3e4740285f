"""Tests of runtimes/aws_lambda."""
