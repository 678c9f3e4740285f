"""The component of a bundle: its recipe by the documented schema, its ZIP laid out and run as on a device."""

import json
import os
import shutil
import signal
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import joblib
import jsonschema
import pytest
from sklearn.datasets import load_iris
from sklearn.ensemble import RandomForestClassifier

from packager import audit, build, config
from packager.bundle import archive as archives
from packager.errors import ArtifactError, ConfigError
from packager.layout import files_in
from packager.targets.edge import greengrass, profile
from packager.targets.edge.greengrass import Options
from packager.targets.edge.profile import LinuxDevice
from tests.devices import greengrass as devices
from tests.edge.telemetry.receiver import receiving
from tests.edge.telemetry.summaries import fill, spooled
from tests.packager.targets import golden
from tests.packager.targets.recipe_schema import SCHEMA, lowered


@pytest.fixture(scope="module")
def artifact(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("component")
    model = folder / "iris.joblib"
    joblib.dump(
        RandomForestClassifier(3, max_depth=3, random_state=0).fit(*load_iris(return_X_y=True)), model
    )
    target = {
        "device": "linux-x86_64", "greengrass": True, "greengrass_bucket": "example-bucket/models",
        "greengrass_version": "1.4.0", "greengrass_name": "com.example.iris",
    }  # fmt: skip
    flags = {"model": model, "output": folder / "dist", "engine": "tiny", "rows": 20}
    return build.build(config.load(None, flags, target, ["edge"])).artifacts[0].path


@pytest.fixture
def core_root() -> Iterator[Path]:
    """A folder that a user without rights may enter, which pytest's own is not."""
    root = Path(tempfile.mkdtemp(prefix="greengrass-"))
    yield root
    shutil.rmtree(root)


def device(name: str) -> LinuxDevice:
    found = profile.find(name)
    assert isinstance(found, LinuxDevice)
    return found


def test_the_recipe_is_of_the_documented_format(artifact: Path) -> None:
    recipe = json.loads((artifact / "greengrass/recipe.json").read_text())
    jsonschema.validate(lowered(recipe), SCHEMA)
    (entry,) = recipe["Manifests"][0]["Artifacts"]
    assert entry["URI"] == "s3://example-bucket/models/com.example.iris/1.4.0/iris.zip"
    assert (recipe["ComponentName"], recipe["ComponentVersion"]) == ("com.example.iris", "1.4.0")


def test_the_page_beside_it_has_the_commands_for_this_component(artifact: Path) -> None:
    page = (artifact / "greengrass/README.md").read_text()
    assert "aws s3 cp iris.zip s3://example-bucket/models/com.example.iris/1.4.0/iris.zip" in page
    assert "--inline-recipe fileb://recipe.json" in page
    assert '--components \'{"com.example.iris": {"componentVersion": "1.4.0"}}\'' in page
    assert "Not ready" not in page


def test_a_device_installs_it_as_a_user_without_rights(artifact: Path, core_root: Path) -> None:
    core = devices.deploy(artifact, core_root)
    before = {path: path.stat().st_mtime_ns for path in core.unpacked.rglob("*")}
    done = core.run("Install")
    assert done.returncode == 0, done.stderr
    assert {path: path.stat().st_mtime_ns for path in core.unpacked.rglob("*")} == before
    assert core.run("Install").returncode == 0  # it runs again at every start of Greengrass


def test_a_model_that_was_changed_fails_the_deployment(artifact: Path, core_root: Path) -> None:
    core = devices.deploy(artifact, core_root)
    (model,) = (core.unpacked / "iris/model").iterdir()
    body = bytearray(model.read_bytes())
    body[len(body) // 2] ^= 1
    model.chmod(0o644)
    model.write_bytes(body)
    done = core.run("Install")
    assert done.returncode != 0
    assert f"model/{model.name} has changed" in done.stdout + done.stderr


def test_a_python_that_is_not_there_fails_the_deployment(artifact: Path, core_root: Path) -> None:
    done = devices.deploy(artifact, core_root, python="python3.0").run("Install")
    assert done.returncode == 127
    assert "python3.0" in done.stderr


def test_a_setting_is_never_read_as_a_command(artifact: Path, core_root: Path) -> None:
    core = devices.deploy(artifact, core_root, python='python3"; touch "$HOME/x"; touch x; "')
    assert core.run("Install").returncode == 127
    assert list(core.work.iterdir()) == []


def test_run_ends_at_once_where_nobody_takes_telemetry(artifact: Path, core_root: Path) -> None:
    done = devices.deploy(artifact, core_root).run("Run")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_run_sends_what_other_components_have_counted(artifact: Path, core_root: Path) -> None:
    headers = core_root / "headers"
    headers.write_text("Authorization: Bearer secret\n")
    with receiving() as server:
        core = devices.deploy(artifact, core_root, telemetryTo=server.url, telemetryHeaders=str(headers))
        fill(core.work / "spool", 3)
        for path in (core.work / "spool", *(core.work / "spool").iterdir()):
            os.chown(path, core.work.stat().st_uid, core.work.stat().st_gid)
        with core.start("Run") as script:
            ends_s = time.monotonic() + 60
            while spooled(core.work / "spool") and script.poll() is None and time.monotonic() < ends_s:
                time.sleep(0.05)
            assert script.poll() is None, script.communicate()
            script.send_signal(signal.SIGTERM)
            assert script.wait(30) == -signal.SIGTERM
        assert server.identifiers == ["run-1", "run-2", "run-3"]
        assert server.requests[0]["Authorization"] == "Bearer secret"


def test_verify_looks_at_the_component_too(artifact: Path) -> None:
    steps = audit.audit(artifact).steps
    assert "com.example.iris 1.4.0 is a component" in [step.detail for step in steps]


def test_a_recipe_or_zip_that_was_changed_is_found(artifact: Path, tmp_path: Path) -> None:
    copy = tmp_path / "edge"
    shutil.copytree(artifact, copy)
    recipe = copy / "greengrass/recipe.json"
    recipe.write_text(recipe.read_text().replace("amd64", "x86_64"))
    with pytest.raises(ArtifactError, match=r"is no recipe of Greengrass: Manifests.0.Platform.architecture"):
        greengrass.check(copy, "iris")
    shutil.copy(artifact / "greengrass/recipe.json", recipe)
    (copy / "bundle/manifest.json").write_text("{}")
    with pytest.raises(ArtifactError, match=r"iris.zip is not the bundle: manifest.json differs"):
        greengrass.check(copy, "iris")
    (copy / "greengrass/iris.zip").write_bytes(b"PK")
    with pytest.raises(ArtifactError, match="is not the component's ZIP"):
        greengrass.check(copy, "iris")


def test_the_zip_depends_on_the_bundle_alone(artifact: Path, tmp_path: Path) -> None:
    archives.pack("zip", files_in(artifact / "bundle"), tmp_path / "again.zip")
    assert (tmp_path / "again.zip").read_bytes() == (artifact / "greengrass/iris.zip").read_bytes()


@pytest.mark.parametrize(
    ("variant", "options"),
    [
        ("plain", Options("", "1.0.0", "")),
        ("named", Options("com.example.iris", "2.1.0-rc.1", "bucket/models")),
    ],
)
def test_recipe_and_page_are_those_that_were_reviewed(variant: str, options: Options) -> None:
    made = greengrass.component("iris", "bundle", device("raspberry-pi-4"), options)
    golden.check(f"greengrass/{variant}", list(made.files))


def test_without_a_bucket_it_is_not_called_ready() -> None:
    made = greengrass.component("iris", "bundle", device("raspberry-pi-4"), Options("", "1.0.0", ""))
    (note,) = made.notes
    assert note.startswith("greengrass/recipe.json is not ready for AWS")
    recipe, page = (file.read().decode() for file in made.files)
    assert "s3://BUCKET/iris/1.0.0/iris.zip" in recipe
    assert "**Not ready yet.**" in page


@pytest.mark.parametrize(
    ("name", "architecture"),
    [("linux-x86_64", "amd64"), ("raspberry-pi-4", "aarch64"), ("raspberry-pi-3-32", "arm")],
)
def test_processors_have_the_names_of_greengrass(name: str, architecture: str) -> None:
    made = greengrass.component("iris", "bundle", device(name), Options("", "1.0.0", "bucket"))
    (manifest,) = json.loads(made.files[0].read())["Manifests"]
    assert manifest["Platform"] == {"os": "linux", "architecture": architecture}


def test_refuses_a_processor_that_greengrass_does_not_know() -> None:
    with pytest.raises(
        ConfigError, match="AWS IoT Greengrass knows no riscv64, the processor of linux-riscv64"
    ):
        greengrass.component("iris", "bundle", device("linux-riscv64"), Options("", "1.0.0", "bucket"))


@pytest.mark.parametrize(
    ("device", "format", "what"),
    [("linux-x86_64", "c", "C has no bundle"), ("cortex-m4", "tflite", "cortex-m4 has no Linux")],
)
def test_refuses_a_component_of_what_is_no_bundle(device: str, format: str, what: str) -> None:
    with pytest.raises(
        ConfigError, match=f"a component of AWS IoT Greengrass is a bundle for Linux, and {what}"
    ):
        config.load(
            None, {"model": "a.onnx", "format": format}, {"device": device, "greengrass": True}, ["edge"]
        )


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("greengrass_version", "1.0"),
        ("greengrass_version", "1.0.0 "),
        ("greengrass_bucket", "s3://bucket"),
        ("greengrass_bucket", "Bucket"),
        ("greengrass_bucket", "bucket/"),
        ("greengrass_name", "a b"),
    ],
)
def test_refuses_an_option_that_no_component_can_have(option: str, value: str) -> None:
    with pytest.raises(ConfigError, match=option):
        config.load(None, {"model": "a.onnx"}, {"device": "linux-x86_64", option: value}, ["edge"])
