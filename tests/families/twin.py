"""A twin: a family's own model class with random weights, its own processor, a toy tokenizer."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from torch import nn
from transformers import AutoModelForImageTextToText, PreTrainedTokenizerFast

from logit_lens.model.anatomy import find_anatomy

BASIC = ["<pad>", "<s>", "</s>", "<unk>"]  # ids 0, 1, 2, 3


@dataclass(frozen=True)
class Family:
    """How to make one twin.

    Attributes:
        name: what the tests call it; usually the model type.
        config: the config from a tokenizer's ids: ``config(ids, vocab_size)``.
        processor: the processor from a tokenizer.
        tokens: special tokens: those with a name are attributes of the tokenizer.
        holder: what stands for the image in the chat template; empty: there is no template, and the
            processor puts the image before the question.
        tail: which tail must be chosen.
        overlay: "" where patches must be placed, else words that the note must hold.
        sizes: two sizes of test images (width, height).
        options: further arguments of the processor's call.
        deepstack: image features are added after some layers, so a cut model differs there.
        torchvision: cannot be built without it.
        slow: too slow for the default run.
        slow_wiring: only painting it is.
    """

    name: str
    config: Callable[[Any, int], Any]
    processor: Callable[[Any], Any]
    tokens: dict[str, str] = field(default_factory=dict)
    extra: list[str] = field(default_factory=list)
    holder: str = "<image>"
    tail: str = "plain"
    overlay: str = ""
    sizes: tuple[tuple[int, int], tuple[int, int]] = ((300, 180), (156, 252))
    options: dict[str, Any] = field(default_factory=dict)
    deepstack: bool = False
    torchvision: bool = False
    slow: bool = False
    slow_wiring: bool = False


@dataclass(frozen=True)
class Twin:
    """A family's model and processor."""

    family: Family
    model: Any
    processor: Any

    def encode(self, image: Image.Image | None, question: str = "Hi?") -> dict[str, Any]:
        """Inputs of the model for one image and a question."""
        if getattr(self.processor, "chat_template", None):
            content = [{"type": "image"}] * (image is not None)
            text = self.processor.apply_chat_template(
                [{"role": "user", "content": [*content, {"type": "text", "text": question}]}],
                add_generation_prompt=True,
                tokenize=False,
            )
        else:
            text = question  # the processor puts the image before it
        images = {} if image is None else {"images": [image]}
        options = {"return_tensors": "pt", **images, **self.family.options}
        inputs = dict(self.processor(text=[text], **options))
        inputs.pop("labels", None)  # PaliGemma's, for training
        for name, value in inputs.items():
            if isinstance(value, torch.Tensor) and value.is_floating_point():
                inputs[name] = value.float()  # Llama 4's are bfloat16
        return inputs


def toy_tokenizer(tokens: dict[str, str], extra: list[str]) -> PreTrainedTokenizerFast:
    """A tokenizer that spells any text byte by byte, with a family's special tokens."""
    special = list(dict.fromkeys([*BASIC, *tokens.values(), *extra]))
    vocabulary = {text: i for i, text in enumerate(special)}
    for letter in sorted(pre_tokenizers.ByteLevel.alphabet()):
        vocabulary.setdefault(letter, len(vocabulary))
    backend = Tokenizer(models.BPE(vocab=vocabulary, merges=[], unk_token="<unk>"))
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    backend.decoder = decoders.ByteLevel()
    backend.add_special_tokens(special)
    return PreTrainedTokenizerFast(
        tokenizer_object=backend,
        pad_token="<pad>",
        bos_token="<s>",
        eos_token="</s>",
        unk_token="<unk>",
        extra_special_tokens=dict(tokens),
    )


def chat_template(holder: str) -> str:
    """USER: <image> question ASSISTANT: in Jinja."""
    return (
        "{% for m in messages %}{% for c in m['content'] %}"
        "{% if c['type'] == 'image' %}" + holder + "{% else %}{{ c['text'] }}{% endif %}"
        "{% endfor %}{% endfor %}{% if add_generation_prompt %}:{% endif %}"
    )


def build(family: Family, seed: int = 0) -> Twin:
    """Make a family's twin."""
    tokenizer = toy_tokenizer(family.tokens, family.extra)
    processor = family.processor(tokenizer)
    if family.holder:
        processor.chat_template = chat_template(family.holder)
    ids: dict[str, Any] = {
        text: tokenizer.convert_tokens_to_ids(text) for text in tokenizer.get_vocab()
    }
    config = family.config(ids, len(tokenizer))
    model = AutoModelForImageTextToText.from_config(config).eval()
    randomise(model, seed)
    return Twin(family, model, processor)


def save(twin: Twin, folder: Path) -> None:
    """Write model and processor as a checkpoint's folder, the parts in files of their own."""
    twin.model.save_pretrained(folder)
    processor = twin.processor
    parts = [getattr(processor, name, None) for name in processor.get_attributes()]
    for part in filter(None, parts):
        part.save_pretrained(folder)
    settings: dict[str, Any] = {"processor_class": type(processor).__name__}
    for name, value in processor.to_dict().items():
        if name not in processor.get_attributes() and isinstance(value, int | str):
            settings[name] = value
    (folder / "processor_config.json").write_text(json.dumps(settings))
    if twin.family.holder:
        (folder / "chat_template.jinja").write_text(processor.chat_template)


@torch.no_grad()
def randomise(model: torch.nn.Module, seed: int) -> None:
    """Weights with which every part matters: norms far from one, matrices that keep the scale."""
    generator = torch.Generator().manual_seed(seed)
    for name, weight in model.named_parameters():
        if weight.ndim >= 2:
            fan_in = max(1, weight[0].numel())
            weight.normal_(0, min(1.0, fan_in**-0.5), generator=generator)
        elif name.endswith("weight"):
            weight.uniform_(0.5, 1.5, generator=generator)
        else:
            weight.normal_(0, 0.05, generator=generator)


def noise(size: tuple[int, int], seed: int = 0) -> Image.Image:
    """A picture of random pixels."""
    pixels = np.random.default_rng(seed).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
    return Image.fromarray(pixels)


@contextmanager
def cut_after(model: nn.Module, n_layers: int) -> Iterator[None]:
    """Inside, the model has only its first ``n_layers`` decoder layers."""
    layers = find_anatomy(model).layers
    owner, name = next(
        (module, name)
        for module in model.modules()
        for name, child in module.named_children()
        if child is layers
    )
    setattr(owner, name, nn.ModuleList(list(layers)[:n_layers]))
    try:
        yield
    finally:
        setattr(owner, name, layers)
