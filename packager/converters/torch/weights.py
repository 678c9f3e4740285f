"""Weight files (state dicts and checkpoints), opened by torch's weights-only reader after a rehearsal."""

import io
import os
import pickle
import re
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

from packager.converters.failure import SourceError, UnsafeModelError
from packager.converters.pickles.rehearsal import Rehearsal
from packager.converters.pickles.unpickler import guarded

# Where checkpoints keep the weights, in the order of how common the names are.
_WEIGHT_KEYS = ("state_dict", "model_state_dict", "model", "net", "weights")
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


def load_weights(path: Path) -> dict[str, Any]:
    """Tensors by name."""
    import torch

    forbid_pickled_objects()
    names = names_in(path)
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise _refusal(path, names) from error
    except (RuntimeError, EOFError, ValueError, KeyError, OSError, zipfile.BadZipFile) as error:
        words = " ".join(str(error).split())[:200]
        raise SourceError(f"{path.name} cannot be read as a torch file: {words}") from error
    return _tensors(path, content)


def _refusal(path: Path, names: tuple[str, ...]) -> UnsafeModelError:
    odd = foreign_names(names)
    listed = ", ".join(odd[:5]) or "code"
    return UnsafeModelError(
        f"{path.name} asks for {listed}, which is not a tensor: nothing of it was run",
        hint="save the weights alone (torch.save(model.state_dict(), ...)) or a program (torch.export.save)",
        details=odd,
    )


def _tensors(path: Path, content: Any) -> dict[str, Any]:
    import torch

    for key in _WEIGHT_KEYS:
        if isinstance(content, Mapping) and isinstance(content.get(key), Mapping):
            content = content[key]
            break
    tensors = dict(content) if isinstance(content, Mapping) else {}
    if not tensors or not all(isinstance(value, torch.Tensor) for value in tensors.values()):
        raise SourceError(
            f"{path.name} holds no weights by name",
            hint="save them by torch.save(model.state_dict(), ...)",
        )
    return tensors
