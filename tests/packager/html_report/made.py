"""Values by hand for tests of the report: artifacts as a build, a benchmark and a tuning leave them."""

import json
import zipfile
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from packager import evidence
from packager.config import Configuration
from packager.measurement import (
    Bench,
    Benchmark,
    Choice,
    ColdStart,
    Distribution,
    Machine,
    MemoryPoint,
    Ratio,
    SizeCut,
    SizeLedger,
    SizeRoom,
    SizeShare,
    Tuning,
    Warm,
)
from packager.optimized import Optimization
from packager.results import Accuracy, ConversionRecord, Tolerance, Verification
from tests.packager.optimizations import optimization

MACHINE = Machine("Some CPU at 2.7 GHz", 2, "x86_64", "6.1.0", "3.13.1", 0.4)
ZIPPED = 15_408_411
SHA256 = "3c33183b5d5007f5df3f866b33324323"
HOSTILE = "<script>document.title = 'taken'</script><img src=x onerror=alert(1)>"
"""A text that does harm in a page that does not escape it."""


def distribution(p50: float, count: int = 40) -> Distribution:
    """Times around a median."""
    return Distribution(
        count=count,
        mean=p50 * 1.03,
        deviation=p50 * 0.06,
        minimum=p50 * 0.91,
        p50=p50,
        p90=p50 * 1.1,
        p95=p50 * 1.18,
        p99=p50 * 1.4,
        maximum=p50 * 1.9,
    )


def benchmark(name: str = "iris", cold_ms: float = 47.0, *, stable: bool = True) -> Benchmark:
    """A function that starts in ``cold_ms`` and answers within a thousandth of it."""
    warm_ms = cold_ms / 1100
    shares = {"interpreter": 0.3, "imports": 0.12, "engine": 0.4, "model_load": 0.1, "first_answer": 0.08}
    bins = tuple((warm_ms * (0.95 + 0.05 * place), max(1, 900 >> abs(place - 1))) for place in range(20))
    return Benchmark(
        name=name,
        path=f"dist/{name}/lambda",
        archive_sha256=SHA256,
        engine="onnxruntime_c",
        archive_bytes=ZIPPED,
        unzipped_bytes=39_920_555,
        model_bytes=73_200,
        cold=ColdStart(
            distribution(cold_ms),
            distribution(cold_ms * 1.2),
            {
                "interpreter": cold_ms * shares["interpreter"],
                "imports": cold_ms * shares["imports"],
                "engine": cold_ms * shares["engine"],
                "model_load": cold_ms * shares["model_load"],
                "first_answer": cold_ms * shares["first_answer"],
            },
            stable,
        ),
        warm=Warm(
            distribution(warm_ms, 2000), distribution(warm_ms * 0.5, 2000), 1000 / warm_ms, bins, stable
        ),
        peak_memory_bytes=52_000_000,
        threads=3,
    )


def bench(name: str = "iris", *, against: Benchmark | None = None, stable: bool = True) -> Bench:
    """One benchmark, or two with their ratios."""
    own = benchmark(name, stable=stable)
    if against is None:
        return Bench(MACHINE, 40, (own,))
    verdict: Any = "smaller" if stable else "unstable"
    ratios = (
        Ratio("latency_to_engine_run", 2.1, 2.0, 2.2, "larger"),
        Ratio("cold_ms", 0.111, 0.108, 0.115, verdict),
        Ratio("archive_bytes", 0.29, 0.29, 0.29, "smaller"),
    )
    return Bench(MACHINE, 40, (own, against), ratios, ("a note of the benchmark",))


def tuning(name: str = "iris") -> Tuning:
    """Memory sizes of which one is too small and two were not measured."""
    points = [MemoryPoint(64, "measured", True, None, None, None, None, None, None)]
    for memory_mb in (128, 256, 512, 1024, 1769, 3008, 10240):
        share = min(1.0, memory_mb / 1769)
        warm_ms, cold_ms = 0.05 / share, 47 / share
        points.append(
            MemoryPoint(
                memory_mb,
                "measured" if memory_mb < 3008 else "extrapolated",
                False,
                cold_ms,
                warm_ms,
                warm_ms * 1.6,
                52_000_000,
                0.2 + memory_mb / 1024 * 0.0166,
                0.2 + memory_mb / 1024 * cold_ms * 0.0166,
            )
        )
    choices = (
        Choice("cheapest", 128, "The smallest that answers at all."),
        Choice("fastest", 1769, "No larger one is more than 5 % quicker."),
        Choice("balanced", 1024, "The smallest product of price and time."),
    )
    return Tuning(
        machine=MACHINE,
        name=name,
        path="dist/iris/lambda",
        archive_sha256=SHA256,
        arch="x86_64",
        points=tuple(points),
        choices=choices,
        latency_target_ms=50.0,
        prices="eu-central-1, 2026-11-20",
    )


def sizes(*packages: str) -> SizeLedger:
    """A ledger of a large library, byte-code, a model, and ``packages`` more."""
    shares = [
        SizeShare("onnxruntime", "library", 1, 29_691_361, 11_160_667),
        SizeShare("onnxruntime", "metadata", 2, 320_000, 61_000),
        SizeShare("pydantic_core", "library", 1, 5_180_000, 2_150_000),
        SizeShare("pydantic_core", "byte-code", 2, 33_960, 23_071),
        SizeShare("pydantic", "byte-code", 104, 1_806_282, 763_946),
        SizeShare("fastapi", "byte-code", 41, 705_062, 265_836),
        SizeShare("anyio", "byte-code", 43, 662_949, 266_478),
        SizeShare("runtimes", "byte-code", 45, 349_164, 185_427),
        SizeShare("model", "model", 1, 73_200, 6_406),
        *(SizeShare(name, "source", 3, 9_000 + place, 3_000 + place) for place, name in enumerate(packages)),
    ]
    return SizeLedger(
        path="dist/iris/lambda/function.zip",
        files=sum(share.files for share in shares),
        unzipped_bytes=sum(share.unzipped_bytes for share in shares),
        zipped_bytes=ZIPPED,
        shares=tuple(shares),
        room=(
            SizeRoom("zip uploaded directly", 52_428_800, ZIPPED),
            SizeRoom("unzipped", 262_144_000, 39_920_555),
        ),
        cuts=(
            SizeCut(
                "the HTTP pages (--http none)", 300, 9_800_000, 4_000_000, True, "golden answers are the same"
            ),
        ),
    )


def source(description: str = "Pipeline(StandardScaler, RandomForestClassifier)") -> dict[str, object]:
    """The source as build.json names it."""
    return {
        "path": "iris.joblib",
        "framework": "sklearn",
        "framework_version": "1.9.1",
        "written_by": "1.9.1",
        "sha256": "23d1",
        "size_bytes": 189_153,
        "files": [],
        "loads": [],
        "signature": None,
        "description": description,
    }


def artifact(folder: Path, name: str = "iris", **changes: object) -> Path:
    """dist/NAME/lambda with a build's record and a small archive; ``changes`` replace the record's parts."""
    made = folder / "dist" / name / "lambda"
    made.mkdir(parents=True)
    verification = Verification(
        256, "samples", 6.6e-07, 0, 0, {"probabilities": Tolerance(1e-5, 1e-4)}, True, "onnxruntime_c 1.31.1"
    )
    conversion = ConversionRecord(
        "23d1", "sklearn 1.9.1", "1.9.1", "skl2onnx 1.20.0", "onnx", 22, "current", "3.11.9", {}, ()
    )
    document = {
        "schema_version": evidence.SCHEMA_VERSION,
        "packager_version": "0.1.0",
        "python": "3.11.9",
        "request": Configuration(model=Path("iris.joblib"), name=name).model_dump(mode="json"),
        "source": source(),
        "conversion": asdict(conversion),
        "verification": asdict(verification),
        "accuracy": asdict(Accuracy("accuracy", 0.9733, 150)),
        "archives": [
            {
                "path": "function.zip",
                "size_bytes": ZIPPED,
                "unzipped_bytes": 39_920_555,
                "sha256": SHA256,
                "parts": [],
                "notes": [],
            }
        ],
        "notes": [],
        **changes,
    }
    (made / "build.json").write_text(json.dumps(document))
    (made / "template.yaml").touch()
    with zipfile.ZipFile(made / "function.zip", "w") as archive:
        archive.writestr("manifest.json", "{}")
        archive.writestr("model/model.onnx", bytes(range(200)))
    return made


def save(value: Bench | Tuning | SizeLedger | Optimization, dest: Path) -> Path:
    """As the commands save their figures."""
    dest.write_text(json.dumps(asdict(value)))
    return dest


def measured_artifact(folder: Path, name: str = "iris") -> Path:
    """An artifact with everything measured, the figures beside it."""
    made = artifact(folder, name)
    naive = replace(benchmark("naive", 424.0), archive_bytes=53_200_000)
    save(bench(name, against=naive), made.parent / "bench.json")
    save(tuning(name), made.parent / "tune.json")
    save(sizes(*(f"package_{number}" for number in range(9))), made.parent / "sizes.json")
    save(optimization(), made / "optimization.json")
    return made
