"""Operators of the engine ``tiny``, a module for each family; the model's own steps name what is imported.

A function of such a module makes one step of a model ready: it takes the ``Step`` with all that is known
before the model runs, and gives the function that computes it, from values to a list of values. A value is
``(shape, data)`` with a flat list of Python numbers, booleans or texts. Numbers of ``float32`` are rounded
to it by the step that makes them (``rounding``), so that a later step finds what another engine would.
"""
