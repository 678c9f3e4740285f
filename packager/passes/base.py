"""What every pass is: its kind, its options, and what it may be used on."""

from typing import ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field

from packager.model import Format

Stage = Literal["source", "model"]
"""Whether a pass works on the source model before it is converted, or on the converted file."""


class Pass(BaseModel):
    """One pass. Its fields are its options; what is the same for every one of its kind are class variables.

    ``formats``: those that it reads and writes; of a source pass, those that the result may be converted to.
    ``frameworks``: of a source pass, the frameworks whose models it changes.
    ``recipe``: of a source pass, the environment that it needs, if the framework's own does not do
    (`data/environments.toml`); passes over a converted file run in that of their format, `FORMAT_passes`.
    ``needs_calibration``: whether it cannot do without real rows. ``lossless``: whether answers stay as they
    are, but for the last digits. ``computes_ahead``: whether constants are computed that the engine would
    compute: weights that are stored in fewer bits would be floats again.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    stage: ClassVar[Stage] = "model"
    formats: ClassVar[frozenset[Format]]
    frameworks: ClassVar[frozenset[str]] = frozenset()
    recipe: ClassVar[str | None] = None
    needs_calibration: ClassVar[bool] = False
    lossless: ClassVar[bool] = False
    computes_ahead: ClassVar[bool] = False

    kind: str

    @property
    def is_unpacked(self) -> bool:
        """Whether the engine makes the weights as large again as they were, when it opens the model."""
        return False

    def title(self) -> str:
        """What a table calls it: the kind in words, then every option that is not its default."""
        given = [self._said(name) for name in type(self).model_fields if name != "kind"]
        return ", ".join([self.kind.replace("_", " "), *(said for said in given if said)])

    def _said(self, name: str) -> str:
        value = getattr(self, name)
        if value == type(self).model_fields[name].get_default(call_default_factory=True):
            return ""
        if name == "exclude":
            return f"without {len(value)} layer{'s' if len(value) > 1 else ''}"
        words = name.replace("_", " ")
        if isinstance(value, bool):
            return words if value else f"not {words}"
        return f"{words} {value:g}" if isinstance(value, float) else f"{words} {value}"


class Excluding(Pass):
    """A pass that can leave layers as they are."""

    exclude: tuple[str, ...] = Field((), description="Layers that stay as they are, by name.")
