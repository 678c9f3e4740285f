"""The names that a torch file asks for, found by a rehearsal that makes nothing."""

import io
import os
import re
import zipfile
from pathlib import Path
from typing import IO, Any

from packager.converters.failure import UnsafeModelError
from packager.converters.pickles.rehearsal import Rehearsal
from packager.converters.pickles.unpickler import guarded

_PART_OF_TENSORS = re.compile(
    r"torch\.(\w*Storage|Size|device|dtype|Tensor|[a-z]+\d+|bool|_utils\._rebuild_\w+|storage\.\w+"
    r"|nn\.parameter\.(Parameter|Buffer)|_tensor\._rebuild_from_type_v2|serialization\._get_layout)"
    r"|collections\.OrderedDict|builtins\.set|_codecs\.encode"
)


def forbid_pickled_objects() -> None:
    """torch falls back to a full unpickler at some places; this makes it weights-only at all of them."""
    os.environ["TORCH_FORCE_WEIGHTS_ONLY_LOAD"] = "1"


class _TorchRehearsal(Rehearsal):
    def persistent_load(self, pid: Any) -> Any:
        """Storages stand beside the pickle; the names in their ids count like all others."""
        return pid

    def make(self, called: Any, args: Any, kwargs: Any, *, as_class: bool) -> Any:
        """A layer is filled with what it was; a file that builds one anew could ask for any size."""
        name = str(getattr(called, "name", ""))
        if not as_class and name.startswith("torch.nn.modules."):
            raise UnsafeModelError(f"The file calls {name}, which no saved module does")
        return super().make(called, args, kwargs, as_class=as_class)


def names_in(path: Path) -> tuple[str, ...]:
    """Every class and function that the file asks for."""
    if zipfile.is_zipfile(path):
        return names_in_zip(path, path.read_bytes())
    with path.open("rb") as file:
        # The old format: a magic number, a protocol, the system, and then the object.
        return tuple(sorted(set(guarded(path, lambda: _rehearsed(file, 4)))))


def names_in_zip(path: Path, data: bytes) -> tuple[str, ...]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        pickles = [archive.read(name) for name in archive.namelist() if name.endswith("data.pkl")]
    found = [guarded(path, lambda d=content: _rehearsed(io.BytesIO(d), 1)) for content in pickles]
    return tuple(sorted({name for names in found for name in names}))


def foreign_names(names: tuple[str, ...]) -> tuple[str, ...]:
    """What is no part of tensors and their containers."""
    return tuple(name for name in names if not _PART_OF_TENSORS.fullmatch(name))


def _rehearsed(file: IO[bytes], count: int) -> list[str]:
    names: list[str] = []
    for _ in range(count):
        walk = _TorchRehearsal(file)
        walk.load()
        names.extend(f"{module}.{name}" for module, name in walk.names)
    return names
