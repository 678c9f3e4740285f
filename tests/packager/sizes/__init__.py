"""Tests of the byte ledger and its cuts."""
