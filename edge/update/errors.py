"""The ways an update ends other than well: each with its exit code and one sentence for the user."""

from __future__ import annotations


class UpdateError(Exception):
    """The update cannot go on; what serves now goes on serving."""

    exit_code = 1

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class DamagedError(UpdateError):
    """The good version has lost something, and no other is whole: only a release can put that right."""


class NothingNewError(UpdateError):
    """The source has no release behind the one that this device has."""

    exit_code = 3


class RefusedError(UpdateError):
    """What the source offers is not trusted, not for this device, not whole, or not right: not taken."""

    exit_code = 4


class UnfitError(RefusedError):
    """The release is the one that was signed, but not fit for this device: not tried again."""


class RolledBackError(UpdateError):
    """The new version failed after the switch: the last good one serves again."""

    exit_code = 5


class BusyError(UpdateError):
    """Another updater holds the lock."""

    exit_code = 6


class NoSpaceError(UpdateError):
    """The disk has no room for what changes."""

    exit_code = 7


class UnreachableError(UpdateError):
    """The source cannot be read now: no fault of the release, so another time it may do."""

    exit_code = 8
