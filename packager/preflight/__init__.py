"""Would this folder run on the target? Its libraries are read, and it is run where it cannot write."""

from packager.preflight.libraries import Library, check
from packager.preflight.read_only import ReadOnly

__all__ = ["Library", "ReadOnly", "check"]
