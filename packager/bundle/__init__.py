"""Writes artifacts: the one place that turns a layout into files and archives."""

from packager.bundle.rewrite import rewrite
from packager.bundle.write import CHECKSUMS, PartSize, WrittenArchive, write

__all__ = ["CHECKSUMS", "PartSize", "WrittenArchive", "rewrite", "write"]
