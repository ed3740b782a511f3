"""Where weights, configuration and tokenizer do not fit each other: said, or guarded.

A guard is a hook that answers only when the part it guards runs. Does not load anything.

>>> guard_embedding("my-llava", model)
"""

from typing import Any

from .. import LensError


def refuse_other_shapes(name: str, model: Any, loading: dict[str, Any]) -> None:
    """Say of weights that their shapes are not those of the configuration: one tensor, both shapes.

    Args:
        name: the model, for the message.
        model: as it was loaded.
        loading: what ``from_pretrained(…, output_loading_info=True)`` says of it.

    Raises:
        LensError: there are such.
    """
    if not loading["mismatched_keys"]:
        return
    tensor, stored, wanted = min(loading["mismatched_keys"])
    others = len(loading["mismatched_keys"]) - 1
    raise LensError(
        f"the weights of {name} do not fit its config.json: {tensor} is {_shape(stored)} in the "
        f"weights and {_shape(wanted)} by the configuration"
        f"{f' ({others} more differ)' if others else ''}; {_mend(model, stored, wanted)}"
    )


def _mend(model: Any, stored: Any, wanted: Any) -> str:
    rows = model.config.get_text_config(decoder=True).vocab_size
    if len(stored) == len(wanted) and stored[1:] == wanted[1:] and wanted[0] == rows:
        return f"if the vocabulary was resized, set vocab_size to {stored[0]} in config.json"
    return "take the config.json that was saved with these weights"


def _shape(shape: Any) -> str:
    return " × ".join(f"{size:,}" for size in shape) or "a single number"


def guard_incomplete(name: str, model: Any, loading: dict[str, Any]) -> None:
    """Let no module run whose weights the checkpoint lacks: they are random, and so is its output.

    What never runs (a head for another task, a pooler) may be missing.

    Args:
        name: the model, for the message.
        model: as it was loaded.
        loading: what ``from_pretrained(…, output_loading_info=True)`` says of it.
    """
    lacking = sorted([*loading["missing_keys"], *(key for key, *_ in loading["mismatched_keys"])])

    def refuse(module: Any, args: Any) -> None:
        shown = ", ".join(lacking[:3]) + (", …" if len(lacking) > 3 else "")
        raise LensError(
            f"{name} lacks {len(lacking)} of the weights that its config asks for ({shown}); they "
            "would be random. Use a complete checkpoint, or --force to read it all the same",
            for_all=True,
        )

    for module in {key.rpartition(".")[0] for key in lacking}:
        model.get_submodule(module).register_forward_pre_hook(refuse)


def first_not_finite(model: Any) -> tuple[str, bool]:
    """The first weight that holds NaN or infinity, and whether it is NaN; "" where none does."""
    for name, weight in model.named_parameters():
        if weight.is_floating_point() and not weight.is_meta and not weight.isfinite().all():
            return name, bool(weight.isnan().any())
    return "", False


def guard_embedding(name: str, model: Any) -> None:
    """Let no id reach the embedding that has no row in it; a GPU would only say "assert".

    Some families never look up their image token, so that it may lie outside.
    """
    embedding = model.get_input_embeddings()
    rows = getattr(embedding, "num_embeddings", None)
    if rows is None:
        return

    def refuse(module: Any, args: Any) -> None:
        largest = int(args[0].max()) if args and args[0].numel() else 0
        if largest >= rows:
            raise LensError(
                f"{name}: token {largest:,} is outside of the embedding, which has {rows:,} rows; "
                "the tokenizer (or the image token in config.json) belongs to another vocabulary: "
                "take the files that were saved with these weights",
                for_all=True,
            )

    embedding.register_forward_pre_hook(refuse)
