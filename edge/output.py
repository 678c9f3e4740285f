"""What commands write: whole lines on stdout, sentences on stderr; signals end them between two lines."""

from __future__ import annotations

import os
import sys

from edge.exits import STREAM

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import FrameType

_STDOUT = 1


class Stopped(BaseException):
    """A signal asked this process to end."""

    def __init__(self, signal: int) -> None:
        super().__init__(signal)
        self.signal = signal


class StreamError(Exception):
    """The input cannot be read, or the answers cannot be written: nothing is wrong with the model."""


class Output:
    """Stdout without a buffer. A signal never ends the process within a line, unless it comes twice."""

    __slots__ = ("_pending", "_writing")

    def __init__(self) -> None:
        self._writing = False
        self._pending = 0

    def catch_signals(self) -> None:
        """End by ``Stopped`` at Ctrl-C and SIGTERM; who started this process with them ignored is left so."""
        import signal

        for number in (signal.SIGINT, signal.SIGTERM):
            if signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, self._stop)

    def write(self, text: str) -> None:
        """Write lines to stdout, all of them. Raises ``BrokenPipeError`` where nobody reads any more."""
        if sys.stdout is None:
            raise StreamError("stdout is closed: there is nowhere to write to")
        left = memoryview(text.encode("utf-8"))
        self._writing = True
        try:
            while left:
                left = left[os.write(_STDOUT, left) :]
        except BrokenPipeError:
            raise
        except OSError as error:
            raise StreamError(f"stdout cannot be written to: {error.strerror}") from None
        finally:
            self._writing = False
        if self._pending:
            raise Stopped(self._pending)

    def _stop(self, number: int, _frame: FrameType | None) -> None:
        if self._writing and not self._pending:
            self._pending = number
            return
        raise Stopped(number)


def say(text: str) -> None:
    """One line for people, on stderr where there is one."""
    if sys.stderr is None:
        return
    try:
        sys.stderr.write(text + "\n")
        sys.stderr.flush()
    except (OSError, ValueError):
        pass  # nobody listens


def end_by(number: int) -> int:
    """End as a process does that knows nothing of this signal: who waits for it sees the signal itself."""
    import signal

    signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)
    return 128 + number  # the first process of a container is not ended by its own signals


def fail(error: StreamError) -> int:
    """Say why a stream ended."""
    say(f"error: {error}")
    return STREAM
