"""What a processor lacks or gets wrong, filled in from the model's own configuration.

Processors of LLaVA and its descendants that were saved before the end of 2024, and all fine-tunes
made from them, do not say how many tokens an image becomes; others were saved beside a model that
they do not fit. How many there must be is the model's to say: the size of its patches, the tokens
that its vision tower gives, which of them it keeps. Does not load anything.

>>> repair_processor(processor, config)
"the processor's files lack patch_size, …; filled in from the model's configuration: …"
"""

import copy
from collections.abc import Iterator
from typing import Any, NamedTuple

import torch
from transformers import AutoModel

_STRATEGY, _EXTRA = "vision_feature_select_strategy", "num_additional_image_tokens"


class _Value(NamedTuple):
    """What a setting of a processor, or of its image part, must be."""

    owner: Any
    key: str
    value: Any


def repair_processor(processor: Any, config: Any) -> str:
    """Give a processor what its model asks for.

    Args:
        processor: mended in place.
        config: the model's.

    Returns:
        one line that names what was mended; empty where nothing was.
    """
    lacking: list[str] = []
    wrong: list[str] = []
    for owner, key, value in list(_wanted(processor, config)):
        found = getattr(owner, key, None)
        # a processor that was not told of extra tokens counts none
        if found is None or (key == _EXTRA and found == 0):
            lacking.append(f"{key} {_plain(value)}")
        else:
            wrong.append(f"{key} {_plain(value)} (not {_plain(found)})")
        setattr(owner, key, value)
    words = []
    if lacking:
        words.append(f"its files lack {', '.join(lacking)}")
    if wrong:
        words.append(f"its files do not fit the model: {', '.join(wrong)}")
    return f"the processor was mended from the model's config: {'; '.join(words)}" if words else ""


def _wanted(processor: Any, config: Any) -> Iterator[_Value]:
    """The settings that are not as the model needs them."""
    tower: Any = getattr(config, "vision_config", None)
    square = isinstance(getattr(tower, "image_size", None), int)  # FastVLM's has no patches
    pooled = hasattr(processor, "downsample_rate")  # Granite 4's counts in another way
    if not isinstance(getattr(tower, "patch_size", None), int) or pooled:
        pass
    elif square and all(hasattr(processor, key) for key in ("patch_size", _STRATEGY, _EXTRA)):
        yield from _wanted_of_llava(processor, config, tower)
    elif square and hasattr(processor, "num_image_tokens") and hasattr(processor, _STRATEGY):
        yield from _wanted_of_onevision(processor, config, tower)
    elif hasattr(processor, "spatial_merge_size") and hasattr(processor, "patch_size"):
        merge = getattr(config, "spatial_merge_size", 1)
        yield from _differing(processor, patch_size=tower.patch_size, spatial_merge_size=merge)
        if hasattr(processor, "effective_patch_size"):  # LightOnOCR's, the product of the two
            yield from _differing(processor, effective_patch_size=tower.patch_size * merge)
    queries = getattr(config, "num_query_tokens", None)
    if hasattr(processor, "num_query_tokens") and isinstance(queries, int):
        yield from _differing(processor, num_query_tokens=queries)


def _wanted_of_llava(processor: Any, config: Any, tower: Any) -> Iterator[_Value]:
    """LLaVA, LLaVA-NeXT, their video forms, VipLLaVA: patches, and what the tower gives beside."""
    yield from _differing(processor, patch_size=tower.patch_size)
    beside = _tokens(tower) - (tower.image_size // tower.patch_size) ** 2
    strategy = getattr(config, _STRATEGY, "default")  # VipLLaVA drops the first and has no word
    if None in (getattr(processor, _STRATEGY), getattr(processor, _EXTRA)) or (
        _offset(getattr(processor, _STRATEGY), getattr(processor, _EXTRA))
        != _offset(strategy, beside)
    ):
        yield from _differing(processor, **{_STRATEGY: strategy, _EXTRA: beside})
    yield from _wanted_of_images(processor.image_processor, config, tower)


def _wanted_of_onevision(processor: Any, config: Any, tower: Any) -> Iterator[_Value]:
    """LLaVA-OneVision: the whole tower's tokens, and how pictures are cut."""
    strategy = getattr(config, _STRATEGY, "full")
    yield from _differing(
        processor,
        num_image_tokens=_tokens(tower) - (strategy == "default"),
        vision_aspect_ratio=getattr(config, "vision_aspect_ratio", "anyres_max_9"),
    )
    if getattr(processor, _STRATEGY) is None:
        yield _Value(processor, _STRATEGY, strategy)
    yield from _wanted_of_images(processor.image_processor, config, tower)


def _wanted_of_images(images: Any, config: Any, tower: Any) -> Iterator[_Value]:
    """The tower takes one size of picture, and NeXT cuts pictures as the model puts them together.

    A size in another form (the edges of a range) is its author's intent.
    """
    side = tower.image_size
    for key, form in (
        ("crop_size", {"height": side, "width": side}),
        ("size", {"shortest_edge": side}),
        ("size", {"height": side, "width": side}),
    ):
        found = getattr(images, key, None)  # a dict, or what transformers made of one
        if found and dict(found).keys() == form.keys() and dict(found) != form:
            yield _Value(images, key, type(found)(**form))
    pinpoints = getattr(config, "image_grid_pinpoints", None)
    if pinpoints and hasattr(images, "image_grid_pinpoints"):
        yield from _differing(images, image_grid_pinpoints=pinpoints)


def _differing(owner: Any, **wanted: Any) -> Iterator[_Value]:
    for key, value in wanted.items():
        if _comparable(getattr(owner, key, None)) != _comparable(value):
            yield _Value(owner, key, value)


def _comparable(value: Any) -> Any:
    return [list(pair) for pair in value] if isinstance(value, list | tuple) else value


def _offset(strategy: str, extra: int) -> int:
    """How many more tokens than patches: LLaVA's processors add some and drop the first."""
    return extra - (strategy == "default")


@torch.no_grad()
def _tokens(tower: Any) -> int:
    """How many tokens a vision tower gives for one picture; run without weights or numbers."""
    config = copy.copy(tower)
    config.num_hidden_layers = 1
    with torch.device("meta"):
        pixels = torch.empty(1, config.num_channels, config.image_size, config.image_size)
        return int(AutoModel.from_config(config)(pixel_values=pixels).last_hidden_state.shape[1])


def _plain(value: Any) -> str:
    if isinstance(value, str | int | list | tuple):
        return str(value)
    return " × ".join(str(edge) for _, edge in dict(value).items())
