"""Updates of the bundle on a device: two slots and an atomic switch (``python -m edge.update``)."""
