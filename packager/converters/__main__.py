"""``python -m packager.converters JOB``: does the job whose request lies in the folder JOB."""

import sys
from pathlib import Path

from packager.converters.job import run


def main(arguments: list[str]) -> int:
    if len(arguments) != 1:
        sys.stderr.write("usage: python -m packager.converters JOB\n")
        return 2
    return run(Path(arguments[0]))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
