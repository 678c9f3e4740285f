"""Updates of the bundle on a device, without fear: two slots and an atomic switch (``python -m edge.update``)."""
