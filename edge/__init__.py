"""The code that ships to a device: faces of `runtimes.core`."""
