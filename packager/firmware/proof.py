"""Generated C on this machine: compiled by its own compiler, asked every row of the reference."""

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from packager import verify
from packager.errors import ToolError, VerificationError
from packager.firmware import mixed, rows
from packager.firmware.generate import Generated
from packager.model import Signature
from packager.probe import Answers, Case
from packager.resources import folder
from packager.results import Tolerance

STRICT = (
    *("-std=c99", "-Wall", "-Wextra", "-Wconversion", "-pedantic", "-Werror"),
    *("-ffp-contract=off", "-fno-tree-vectorize", "-fno-tree-slp-vectorize"),
)
"""What generated C compiles under without a word. Without vectors: of two doubles at a time GCC 12 leaves out
the rounding to float in `(double)(float)x`, and what this machine proves is not what a part computes."""
_COMPILERS = ("cc", "gcc", "clang")
_LIMIT_S = 600
_VERDICT = re.compile(r"^(\d+) of \1 rows .* by (\d+)e-9 at most$", re.MULTILINE)
_INSTALL = "install one: Debian has it in the package gcc, macOS in `xcode-select --install`"


@dataclass(frozen=True, slots=True)
class Golden:
    """What the golden rows showed: how many there are, how far answers are from the source model's."""

    rows: int
    max_abs_error: float


def compiler() -> Path:
    """This machine's C compiler."""
    for name in _COMPILERS:
        found = shutil.which(name)
        if found:
            return Path(found)
    raise ToolError("generated C is proved by compiling it, and this machine has no C compiler", _INSTALL)


def answers(generated: Generated, cases: Sequence[Case], extra: Sequence[str] = ()) -> Answers:
    """What the C answers to every row, in the source model's terms; ``extra``: more flags."""
    asked = generated.coding.sent(cases)
    with tempfile.TemporaryDirectory(prefix="packager-c-") as scratch:
        program = _compiled(generated, Path(scratch), extra)
        sent = rows.encode(asked, generated.signature)
        done = subprocess.run(
            [str(program)], input=sent, capture_output=True, check=False, timeout=_LIMIT_S, cwd=scratch
        )
    if done.returncode != 0:
        raise VerificationError(_ended(done.returncode), None, tuple(done.stderr.decode().splitlines()[-8:]))
    return generated.coding.answered(rows.decode(done.stdout, asked, generated.signature))


def is_near_between(
    single: Generated,
    own: Generated,
    signature: Signature,
    cases: Sequence[Case],
    tolerance: dict[str, Tolerance],
) -> bool:
    """Whether C in single precision answers mixed rows as the same C does in double."""
    asked = mixed.rows(cases, signature)
    try:
        expected, found = answers(own, asked), answers(single, asked)
    except VerificationError:
        return False  # one of them refuses a row, so nothing is shown
    held = [Case(case.inputs, outputs) for case, outputs in zip(asked, expected.outputs, strict=True)]
    return verify.compare(held, found, signature, "signature", tolerance, "C in single precision").passed


def run_tests(made: Path, name: str) -> Golden:
    """Compile the golden rows of an artifact's folder ``made`` and run them here."""
    with tempfile.TemporaryDirectory(prefix="packager-c-") as scratch:
        program = Path(scratch, "golden")
        sources = [str(made.resolve() / f"{part}.c") for part in (f"test_{name}", name)]
        _compile([*STRICT, "-O2", f"-I{made.resolve()}", "-o", str(program), *sources, "-lm"], Path(scratch))
        done = subprocess.run([str(program)], capture_output=True, check=False, timeout=_LIMIT_S, cwd=scratch)
    said = done.stdout.decode()
    verdict = _VERDICT.search(said)
    if done.returncode != 0 or verdict is None:
        raise VerificationError(
            "the C of this artifact does not answer its golden rows as it did when it was built",
            "its files or the compiler have changed; build it again",
            tuple(said.splitlines()[-8:]),
        )
    return Golden(int(verdict[1]), int(verdict[2]) * 1e-9)


def _compiled(generated: Generated, made: Path, extra: Sequence[str]) -> Path:
    """The program that answers rows from its standard input."""
    board = folder("templates") / "firmware" / "board"
    texts = {**generated.files, f"rows_{generated.name}.c": generated.rows_source}
    for name, text in texts.items():
        (made / name).write_text(text, encoding="utf-8")
    program = made / "answer_rows"
    sources = [f"{generated.name}.c", f"rows_{generated.name}.c", str(board / "rows_files.c")]
    _compile([*STRICT, "-O2", *extra, f"-I{board}", "-I.", "-o", program.name, *sources, "-lm"], made)
    return program


def _compile(arguments: Sequence[str], made: Path) -> None:
    found = compiler()
    kept = {name: os.environ[name] for name in ("PATH", "TMPDIR", "HOME") if name in os.environ}
    done = subprocess.run(
        [str(found), *arguments], cwd=made, env={**kept, "LC_ALL": "C"}, capture_output=True, text=True,
        check=False, timeout=_LIMIT_S,
    )  # fmt: skip
    if done.returncode != 0:
        lines = tuple(line for line in done.stderr.splitlines() if "error" in line)[:8]
        raise ToolError(f"{found.name} does not compile the generated C", None, lines)


def _ended(code: int) -> str:
    if code < 0:
        return f"the generated C was ended by signal {-code}"
    return f"the generated C refuses a row that the source model answers: code {code}"
