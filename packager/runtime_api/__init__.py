"""Lambda's Runtime API on loopback, and functions as processes of the real runtime interface client."""

from packager.runtime_api.process import FULL_CPU_MB, Function, Instance, running
from packager.runtime_api.server import Reply

__all__ = ["FULL_CPU_MB", "Function", "Instance", "Reply", "running"]
