"""What the lens is measured on: a model with random weights of a given size, or a real one.

>>> subject = random_subject(PRESETS["small"], device="cpu", dtype=torch.float32)
>>> len(subject.states), subject.states[0].shape
(9, torch.Size([593, 1024]))
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from logit_lens import LensError
from logit_lens.model.anatomy import Anatomy, find_anatomy
from logit_lens.reading.lens import Tail
from logit_lens.reading.residual import ResidualStream
from logit_lens.reading.tail import choose_tail


@dataclass(frozen=True)
class Size:
    """The size of a LLaVA: a square of image patches between ``text`` other positions."""

    layers: int
    d_model: int
    d_ffn: int
    heads: int
    vocab: int
    text: int
    image: int  # pixels on a side; a patch has 14
    vision_layers: int
    vision_d_model: int

    @property
    def patches(self) -> int:
        """How many image positions."""
        return (self.image // 14) ** 2


PRESETS = {
    "llava-1.5-7b": Size(32, 4096, 11_008, 32, 32_064, 17, 336, 24, 1024),
    # its sequence and vocabulary for two cores, and the width and vocabulary of SmolLM2-135M
    "small": Size(8, 1024, 2752, 16, 32_064, 17, 336, 2, 128),
    "narrow": Size(8, 576, 1536, 9, 49_152, 17, 336, 2, 128),
    # narrow, so that two hundred forwards take a minute
    "causal": Size(4, 256, 688, 4, 32_064, 17, 336, 2, 128),
    "toy": Size(2, 32, 64, 2, 500, 8, 28, 1, 16),
}


@dataclass(frozen=True)
class Subject:
    """A model, one forward's inputs, and what that forward left in the residual stream.

    Attributes:
        name: what was measured, for the table.
        anatomy: its decoder layers, norm and head.
        tail: how the tool reads a state of this model.
        states: (position, d_model) for the embeddings and every layer.
        tokenizer: what turns ids into text.
    """

    name: str
    model: Any
    inputs: dict[str, Any]
    anatomy: Anatomy
    tail: Tail
    states: list[Tensor]
    tokenizer: Any

    @property
    def n_positions(self) -> int:
        """The length of the sequence."""
        return int(self.inputs["input_ids"].shape[1])

    @property
    def unembedding(self) -> Tensor:
        """The weights of the head, (vocab, d_model)."""
        weight = self.anatomy.head.weight
        assert isinstance(weight, Tensor)
        return weight

    @property
    def device(self) -> str:
        """Where logits are made."""
        return str(self.states[-1].device)

    def finish(self) -> None:
        """Wait for the device."""
        if self.device.startswith("cuda"):
            torch.cuda.synchronize()
        elif self.device.startswith("mps"):
            torch.mps.synchronize()


def random_llava(size: Size, device: str, dtype: torch.dtype) -> Any:
    """A LlavaForConditionalGeneration with random weights, made on the device."""
    from transformers import AutoModelForImageTextToText, CLIPVisionConfig, LlamaConfig, LlavaConfig

    text = LlamaConfig(
        num_hidden_layers=size.layers,
        hidden_size=size.d_model,
        intermediate_size=size.d_ffn,
        num_attention_heads=size.heads,
        vocab_size=size.vocab,
        max_position_embeddings=4096,
    )
    vision = CLIPVisionConfig(
        num_hidden_layers=size.vision_layers + 1,  # LLaVA reads the last but one
        hidden_size=size.vision_d_model,
        intermediate_size=4 * size.vision_d_model,
        num_attention_heads=max(1, size.vision_d_model // 64),
        image_size=size.image,
        patch_size=14,
        projection_dim=size.vision_d_model,
    )
    config = LlavaConfig(text_config=text, vision_config=vision, image_token_index=size.vocab - 1)
    torch.manual_seed(0)
    with torch.device(device):
        return AutoModelForImageTextToText.from_config(config, dtype=dtype).eval()


def random_subject(name: str, size: Size, device: str, dtype: torch.dtype) -> Subject:
    """A random model of a preset's size, and random inputs for it."""
    model = random_llava(size, device, dtype)
    generator = torch.Generator().manual_seed(0)
    words = torch.randint(0, size.vocab - 1, (1, size.text), generator=generator)
    image = torch.full((1, size.patches), size.vocab - 1)
    ids = torch.cat((words[:, :5], image, words[:, 5:]), -1)
    pixels = torch.randn(1, 3, size.image, size.image, generator=generator)
    inputs = {
        "input_ids": ids.to(device),
        "attention_mask": torch.ones_like(ids).to(device),
        "pixel_values": pixels.to(device, dtype),
    }
    return _subject(name, model, inputs, word_tokenizer(size.vocab))


def real_subject(path: str, device: str, dtype: str, image: Path, prompt: str) -> Subject:
    """A model from a folder or the hub, reading one image."""
    from logit_lens.images import open_picture
    from logit_lens.model.vlm import load_vlm
    from logit_lens.reading.prompt import encode_prompt

    vlm = load_vlm(path, device, dtype)
    encoded = encode_prompt(vlm, open_picture(image), prompt, False)
    return _subject(vlm.name, vlm.model, dict(encoded.inputs), vlm.tokenizer)


def _subject(name: str, model: Any, inputs: dict[str, Any], tokenizer: Any) -> Subject:
    anatomy = find_anatomy(model)
    n_positions = inputs["input_ids"].shape[1]
    with torch.inference_mode():
        with ResidualStream(anatomy.layers) as stream:
            logits = model(**inputs).logits[0]
        states = stream.states(n_positions)
        at = torch.arange(0, n_positions, max(1, n_positions // 16), device=logits.device)
        tail, _, check = choose_tail(model, anatomy, states[-1], logits[at], at, logits.dtype)
    if not check.passed:
        raise LensError(f"the lens does not equal the output of {name}: nothing to measure")
    return Subject(name, model, inputs, anatomy, tail, states, tokenizer)


def word_tokenizer(vocab: int) -> Any:
    """A tokenizer that decodes in Llama's steps, of made-up words."""
    from tokenizers import Tokenizer, decoders, models
    from transformers import PreTrainedTokenizerFast

    words = {f"▁w{i}": i for i in range(vocab)}
    tokenizer = Tokenizer(models.BPE(words, [], unk_token="▁w0", byte_fallback=True))
    steps = [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()]
    tokenizer.decoder = decoders.Sequence([*steps, decoders.Strip(" ", 1, 0)])
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer)
