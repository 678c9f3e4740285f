"""What the report is about: artifacts, each with what was found and measured of it."""

from dataclasses import dataclass
from pathlib import Path

from packager.measurement import Bench, Benchmark, SizeLedger, Tuning
from packager.optimized import Optimization
from packager.results import Accuracy, ConversionRecord, DeviceFit, Verification
from packager.targets.aws_lambda.target import AwsLambda


@dataclass(frozen=True, slots=True)
class BuiltFrom:
    """The source model, of which the artifact was built."""

    framework: str
    framework_version: str
    description: str
    size_bytes: int


@dataclass(frozen=True, slots=True)
class BuiltArchive:
    """The archive, as the build wrote it."""

    size_bytes: int
    unzipped_bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Built:
    """What `build.json` says of the artifact; ``fit`` is that of a bundle for a device."""

    packager_version: str
    source: BuiltFrom
    conversion: ConversionRecord
    verification: Verification
    accuracy: Accuracy | None
    archives: tuple[BuiltArchive, ...]
    notes: tuple[str, ...]
    fit: DeviceFit | None = None

    @property
    def archive(self) -> BuiltArchive:
        """What is uploaded."""
        return self.archives[0]


@dataclass(frozen=True, slots=True)
class Subject:
    """One artifact. ``label`` is its name, or its path where two have the same name; None: not measured."""

    label: str
    path: Path
    built: Built
    sizes: SizeLedger
    bench: Bench | None
    tune: Tuning | None
    optimization: Optimization | None = None
    target: str = AwsLambda.folder

    @property
    def is_function(self) -> bool:
        """Whether Lambda would run it, so that its start, memory size and cost can be measured here."""
        return self.target == AwsLambda.folder

    @property
    def benchmark(self) -> Benchmark | None:
        """The artifact's own benchmark: the first one; the others are what it was measured against."""
        return self.bench.measured[0] if self.bench else None
