"""Measures what ships: cold starts, warm requests, memory and size, each run's answer held to the expected one."""
