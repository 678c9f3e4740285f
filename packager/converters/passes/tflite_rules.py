"""What ai-edge-quantizer is told to do: the configurations behind the kinds of TFLite passes."""

from typing import Any, Literal

from packager.converters.passes.tflite_quantizer import Rule

_INT4 = ("FULLY_CONNECTED", "CONV_2D", "EMBEDDING_LOOKUP")
_IN_BLOCKS = ("FULLY_CONNECTED",)


def weights_int8(recipe: Any, pattern: str, weights: tuple[int, ...] | None) -> None:  # noqa: ARG001
    """Computed in whole numbers, by ranges that the engine finds at each run."""
    recipe.add_dynamic_config(pattern, _kind("ALL_SUPPORTED"), 8)


def weights_int4(block: int) -> Rule:
    """The same; where there is no int4 kernel, or the block does not divide the weights, coarser."""

    def rule(recipe: Any, pattern: str, weights: tuple[int, ...] | None) -> None:
        weights_int8(recipe, pattern, weights)
        for name in _INT4:
            recipe.add_dynamic_config(pattern, _kind(name), 4)
        if block and weights is not None and weights[-1] % block == 0:
            from ai_edge_quantizer.qtyping import QuantGranularity

            for name in _IN_BLOCKS:
                recipe.add_dynamic_config(pattern, _kind(name), 4, QuantGranularity[f"BLOCKWISE_{block}"])

    return rule


def all_int(bits: Literal[8, 16]) -> Rule:
    """Weights to int8, and what flows between layers to so many bits."""

    def rule(recipe: Any, pattern: str, weights: tuple[int, ...] | None) -> None:  # noqa: ARG001
        recipe.add_static_config(pattern, _kind("ALL_SUPPORTED"), bits, 8)

    return rule


def weights_float16(recipe: Any, pattern: str, weights: tuple[int, ...] | None) -> None:  # noqa: ARG001
    """Widened by the engine when it opens the model."""
    recipe.add_weight_only_config(pattern, _kind("ALL_SUPPORTED"), 16, algorithm_key="float_casting")


def _kind(name: str) -> Any:
    from ai_edge_quantizer.qtyping import TFLOperationName

    return TFLOperationName[name]
