"""Which environment a file is given to: by what it says of itself."""

import tomllib

import pytest

from packager import installed, recipes, resources
from packager.errors import SourceError
from packager.recipes import Contents

TABLE = tomllib.loads((resources.DATA / "environments.toml").read_text())
LOCKED = sorted(row["lock"] for row in TABLE.values() if "lock" in row)


def pickled_by(version: str, *modules: str, form: str = "pickle") -> Contents:
    return Contents("sklearn", form, {"scikit-learn": version}, modules)


def test_a_pickle_of_the_installed_minor_release_is_read_by_it() -> None:
    version = installed.version("scikit-learn")
    assert version is not None
    minor = ".".join(version.split(".")[:2])
    assert recipes.choose(pickled_by(f"{minor}.0"), "onnx").name == "sklearn"


def test_a_pickle_of_another_minor_release_is_read_by_that_very_version() -> None:
    recipe = recipes.choose(pickled_by("1.3.2"), "onnx")
    assert recipe.name == "sklearn-1.3.2" and "scikit-learn==1.3.2" in recipe.requirements
    assert "numpy<2" in recipe.requirements and "numpy<1.24" not in recipe.requirements
    assert not recipe.fits_here()


def test_the_user_can_ask_for_the_installed_version() -> None:
    assert recipes.choose(pickled_by("1.3.2"), "onnx", as_it_is=True).name == "sklearn"


def test_what_a_file_names_is_in_its_environment() -> None:
    wanted = recipes.choose(pickled_by("1.3.2", "sklearn", "xgboost"), "onnx").requirements
    assert "xgboost-cpu" in wanted and "lightgbm" not in wanted
    assert "skops" in recipes.choose(pickled_by("1.3.2", form="skops"), "onnx").requirements


@pytest.mark.parametrize("version", ["0.24.2", "0.1"])
def test_releases_before_the_first_stable_one_are_refused(version: str) -> None:
    with pytest.raises(SourceError, match=r"1\.0 is the oldest"):
        recipes.choose(pickled_by(version), "onnx")


@pytest.mark.parametrize(
    "version", ["1.3.2\n--index-url http://elsewhere", "1.3 @ file:///elsewhere", "1.8.dev0", ""]
)
def test_a_version_that_is_no_release_never_reaches_the_installer(version: str) -> None:
    with pytest.raises(SourceError, match="which is no release"):
        recipes.choose(pickled_by(version), "onnx")


def test_where_nothing_is_installed_the_locks_version_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(installed, "_places", list)
    lock = (resources.DATA / "worker_sklearn.lock").read_text()
    version = next(line for line in lock.splitlines() if line.startswith("scikit-learn==")).split("==")[1]
    recipe = recipes.choose(pickled_by(version.split()[0]), "onnx")
    assert recipe.name == "sklearn" and not recipe.fits_here() and recipe.lock == "worker_sklearn"
    assert recipes.choose(Contents("onnx", "onnx", {}), "onnx").lock == "worker_onnx"
    assert recipes.choose(Contents("tflite", "tflite", {}), "tflite").lock == "worker_tflite"
    assert recipes.choose(pickled_by("1.3.2"), "onnx").name == "sklearn-1.3.2"


@pytest.mark.parametrize("lock", LOCKED)
def test_every_lock_is_there_with_hashes_and_names_no_index(lock: str) -> None:
    text = (resources.DATA / f"{lock}.lock").read_text()
    assert "--hash=sha256:" in text and "://" not in text


@pytest.mark.parametrize("name", sorted(TABLE))
def test_every_recipe_says_how_it_is_to_be_had(name: str) -> None:
    row = TABLE[name]
    assert row.keys() & {"lock", "requirements", "install", "otherwise"}
    assert row.get("otherwise", name) in TABLE
