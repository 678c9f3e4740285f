"""The target `edge`: a bundle that a device imports, checked against the device's profile."""
