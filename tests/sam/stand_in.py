"""A stand-in for Lambda's Python base image, made of this machine's interpreter: no registry is needed.

It proves template, packaging, handler, event plumbing and memory limit. It does not prove Amazon's
userland or glibc, its boto3, its user, its read-only root.
"""

import io
import re
import shutil
import subprocess
import sysconfig
import tarfile
from collections.abc import Iterator
from pathlib import Path

from packager import tools

LABEL = "packager.stand-in=1"

_NOT_NEEDED = {
    "test", "tests", "idlelib", "tkinter", "turtledemo", "ensurepip", "site-packages", "dist-packages",
    "lib2to3", "pydoc_data",
}  # fmt: skip
_ENVIRONMENT = {
    "PATH": "/var/lang/bin:/usr/local/bin:/usr/bin:/bin:/opt/bin",
    "LD_LIBRARY_PATH": "/var/lang/lib:/lib64:/usr/lib64:/var/runtime:/var/task:/var/task/lib:/opt/lib",
    "LANG": "en_US.UTF-8",
    "TZ": ":/etc/localtime",
    "LAMBDA_TASK_ROOT": "/var/task",
    "LAMBDA_RUNTIME_DIR": "/var/runtime",
}

_BOOTSTRAP = """\
#!/bin/sh
exec /var/lang/bin/python3 /var/runtime/bootstrap.py
"""
_BOOTSTRAP_PY = """\
import os, sys
version = "python%d.%d" % sys.version_info[:2]
layers = ["/opt/python", "/opt/python/lib/" + version + "/site-packages"]
sys.path[:1] = [os.environ["LAMBDA_TASK_ROOT"], *layers, "/var/runtime"]
from awslambdaric.__main__ import main
main(["bootstrap", os.environ["_HANDLER"]])
"""
_ENTRYPOINT = """\
#!/bin/sh
if [ $# -ne 1 ]; then echo "entrypoint requires the handler name to be the first argument" >&2; exit 142; fi
export _HANDLER="$1"
if [ -z "$AWS_LAMBDA_RUNTIME_API" ]; then
  exec /usr/local/bin/aws-lambda-rie /var/runtime/bootstrap
fi
exec /var/runtime/bootstrap
"""
_ROOT = "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/nonexistent:/bin/false\n"
_FILES = {
    "var/runtime/bootstrap": (_BOOTSTRAP, 0o755),
    "var/runtime/bootstrap.py": (_BOOTSTRAP_PY, 0o644),
    "lambda-entrypoint.sh": (_ENTRYPOINT, 0o755),
    "etc/passwd": (_ROOT, 0o644),
    "etc/group": ("root:x:0:\nnobody:x:65534:\n", 0o644),
    "etc/nsswitch.conf": ("passwd: files\ngroup: files\nhosts: files dns\n", 0o644),
}
_FOLDERS = (
    "opt", "opt/extensions", "var/task", "var/rapid", "usr/local/bin", "usr/bin", "root", "etc",
    "proc", "sys", "dev",
)  # fmt: skip


def build(python: Path, dest: Path) -> None:
    """Write the image's root file system, with ``python`` as Lambda's interpreter, to the tar ``dest``."""
    busybox = Path(shutil.which("busybox") or "busybox")
    with tarfile.open(dest, "w") as archive:
        for name in _FOLDERS:
            add_folder(archive, name, 0o755)
        add_folder(archive, "tmp", 0o1777)
        for name, (text, mode) in _FILES.items():
            _add_bytes(archive, name, text.encode(), mode)
        archive.add(busybox, "bin/busybox")
        _add_commands(archive, busybox)
        add_python(archive, python)
        client = tools.interface_client(python)
        archive.add(client, "var/runtime", filter=plain)
        archive.add(tools.emulator(), "usr/local/bin/aws-lambda-rie")


def import_image(tar: Path, names: tuple[str, ...]) -> None:
    """Load the tar into the engine under each of these names."""
    changes = [f"ENV {name}={value}" for name, value in _ENVIRONMENT.items()]
    changes += ["WORKDIR /var/task", 'ENTRYPOINT ["/lambda-entrypoint.sh"]', f"LABEL {LABEL}"]
    options = [text for change in changes for text in ("--change", change)]
    _docker("import", *options, str(tar), names[0])
    for name in names[1:]:
        _docker("tag", names[0], name)


def _docker(*arguments: str) -> None:
    done = subprocess.run(["docker", *arguments], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def add_python(archive: tarfile.TarFile, python: Path, prefix: str = "var/lang") -> Path:
    """The interpreter at ``prefix``, its standard library, and every shared library that these load. Where
    the standard library lies on this machine."""
    version, stdlib, executable = _describe(python)
    archive.add(executable, f"{prefix}/bin/python{version}")
    for name in ("python", "python3"):
        _add_link(archive, f"{prefix}/bin/{name}", f"python{version}")
    archive.add(stdlib, f"{prefix}/lib/python{version}", filter=_stdlib_only)
    for library in sorted(_libraries(executable, stdlib)):
        archive.add(library.resolve(), f"{prefix}/lib/{library.name}")
    loader = _loader(executable)
    archive.add(loader.resolve(), str(loader).lstrip("/"))
    return stdlib


def _describe(python: Path) -> tuple[str, Path, Path]:
    code = (
        "import sys, sysconfig; print('%d.%d' % sys.version_info[:2]); "
        "print(sysconfig.get_path('stdlib')); print(getattr(sys, '_base_executable', sys.executable))"
    )
    done = subprocess.run([str(python), "-I", "-c", code], capture_output=True, text=True, check=True)
    version, stdlib, executable = done.stdout.splitlines()
    return version, Path(stdlib), Path(executable).resolve()


def _libraries(executable: Path, stdlib: Path) -> set[Path]:
    """By ldd over the interpreter, its modules, and what engines written in C++ need."""
    modules = sorted((stdlib / "lib-dynload").glob("*.so"))
    extra = [path for name in ("libstdc++.so.6", "libgcc_s.so.1") for path in _system_library(name)]
    compatible = [
        path for name in ("libdl.so.2", "libpthread.so.0", "librt.so.1") for path in _system_library(name)
    ]
    listed = subprocess.run(
        ["ldd", str(executable), *map(str, modules), *map(str, extra)], capture_output=True, text=True
    ).stdout
    found = {Path(path) for path in re.findall(r"=> (/\S+)", listed)}
    return {path for path in found if path.exists()} | set(extra) | set(compatible)


def _system_library(name: str) -> Iterator[Path]:
    triplet = sysconfig.get_config_var("MULTIARCH") or ""
    for folder in (Path("/lib") / triplet, Path("/usr/lib") / triplet, Path("/lib64"), Path("/usr/lib64")):
        if (folder / name).exists():
            yield folder / name
            return


def _loader(executable: Path) -> Path:
    listed = subprocess.run(["ldd", str(executable)], capture_output=True, text=True, check=True).stdout
    (loader,) = set(re.findall(r"^\s*(/\S*ld-linux\S*)", listed, flags=re.MULTILINE))
    return Path(loader)


def _add_commands(archive: tarfile.TarFile, busybox: Path) -> None:
    listed = subprocess.run([str(busybox), "--list"], capture_output=True, text=True, check=True).stdout
    for name in listed.split():
        if name != "busybox":
            _add_link(archive, f"bin/{name}", "busybox")


def _stdlib_only(info: tarfile.TarInfo) -> tarfile.TarInfo | None:
    parts = Path(info.name).parts
    if _NOT_NEEDED & set(parts) or any(part.startswith("config-") for part in parts):
        return None
    if ".opt-" in info.name:
        return None
    return plain(info)


def plain(info: tarfile.TarInfo) -> tarfile.TarInfo:
    """Root's own. Modification times stay: the byte-code beside the sources is checked against them."""
    info.uid = info.gid = 0
    info.uname = info.gname = "root"
    return info


def add_folder(archive: tarfile.TarFile, name: str, mode: int) -> None:
    info = tarfile.TarInfo(name)
    info.type, info.mode = tarfile.DIRTYPE, mode
    archive.addfile(info)


def _add_link(archive: tarfile.TarFile, name: str, target: str) -> None:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = tarfile.SYMTYPE, target
    archive.addfile(info)


def _add_bytes(archive: tarfile.TarFile, name: str, content: bytes, mode: int) -> None:
    info = tarfile.TarInfo(name)
    info.size, info.mode = len(content), mode
    archive.addfile(info, io.BytesIO(content))
