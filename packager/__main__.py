"""`packager` and `python -m packager`: runs the command line and maps each error to its exit code."""

import sys


def main() -> None:
    """Entry point of the console script."""
    from packager.cli import run

    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
