"""Every expected failure: one class and one exit code for each kind, a sentence, and a hint."""


class PackagerError(Exception):
    """Base of all expected failures.

    ``message`` says what happened, with the value; ``hint`` says what to do next;
    ``details`` are further lines (worst rows, missing files) printed beneath.
    """

    exit_code = 1

    def __init__(self, message: str, hint: str | None = None, details: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.details = details


class ConfigError(PackagerError):
    """The configuration file or a flag has a value that cannot be used."""

    exit_code = 3


class SourceError(PackagerError):
    """The model file is missing, damaged, or of a kind that is not supported."""

    exit_code = 4


class UnsafeModelError(PackagerError):
    """The model file asks for code that is not on the allow-list."""

    exit_code = 5


class SamplesError(PackagerError):
    """The sample rows or labels cannot be read, or do not fit the model."""

    exit_code = 6


class ConversionError(PackagerError):
    """The converter cannot express this model, or its worker died."""

    exit_code = 7


class VerificationError(PackagerError):
    """The converted model, or the artifact on disk, does not answer as the source model does."""

    exit_code = 8


class SizeLimitError(PackagerError):
    """The artifact would be larger than the target takes."""

    exit_code = 9


class DependencyError(PackagerError):
    """A dependency has no wheel for the target, or cannot be fetched."""

    exit_code = 10


class ToolError(PackagerError):
    """A program that this command needs is missing or does not work (sam, docker, an interpreter)."""

    exit_code = 11


class ArtifactError(PackagerError):
    """The folder is not an artifact, or its files are not what was built."""

    exit_code = 12


class InvokeError(PackagerError):
    """The artifact was started and did not answer as it should."""

    exit_code = 13


class PreflightError(PackagerError):
    """The artifact would not run on the target: wrong architecture, too new a glibc, writes to disk."""

    exit_code = 14


class BenchmarkError(PackagerError):
    """What is measured failed or answered otherwise than expected: a figure about it would mean nothing."""

    exit_code = 15


class LatencyError(PackagerError):
    """No memory size meets the latency that was asked for."""

    exit_code = 16


class AccuracyError(PackagerError):
    """What ships is less accurate than was asked for."""

    exit_code = 17


class ReleaseError(PackagerError):
    """The release cannot be signed or added: a wrong key, or a repository that its keys did not sign."""

    exit_code = 18


class SubmitError(PackagerError):
    """AWS refused or does not answer: no credentials, no such queue, one that is off, no image, denied."""

    exit_code = 19


class InterruptedJobError(PackagerError):
    """A batch job was stopped by SIGTERM or SIGINT: what is done stays done, and the same command goes on."""

    exit_code = 75
