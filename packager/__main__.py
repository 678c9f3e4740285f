"""`packager` and `python -m packager`: runs the command line and maps each error to its exit code."""

import io
import sys


def main() -> None:
    """Entry point of the console script."""
    from packager.cli import run

    for stream in (sys.stdout, sys.stderr):  # a terminal that lacks a letter is no reason to fail
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
