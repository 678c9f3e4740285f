"""Measures what ships: cold starts, warm requests, memory and size; wrong answers have no times."""
