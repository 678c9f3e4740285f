"""Writes artifacts: the one place that turns a layout into files and archives."""

from packager.bundle.write import CHECKSUMS, PartSize, WrittenArchive, write

__all__ = ["CHECKSUMS", "PartSize", "WrittenArchive", "write"]
