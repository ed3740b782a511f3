"""Makes the tokenizer, the processor and the untrained model; all real transformers classes.

>>> tokenizer = build_tokenizer()
>>> model, processor = build_model(tokenizer), build_processor(tokenizer)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, processors
from transformers import (
    CLIPVisionConfig,
    LlamaConfig,
    LlavaConfig,
    LlavaForConditionalGeneration,
    LlavaProcessor,
    PreTrainedTokenizerFast,
)
from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil

from .questions import vocabulary
from .scenes import PATCH, SIDE

SPECIALS = ("<unk>", "<s>", "</s>", "<image>", "<pad>")
# Kept in two pieces, as a real tokenizer would: a viewer must not take a token for a word.
SPLIT = {"triangle": ("tri", "angle"), "rectangle": ("rect", "angle")}
# Words that no question holds and no loss asks for. A real vocabulary is mostly such words, and
# early layers decode to them.
_EVERYDAY = """
dog cat bird fish horse tree house car boat road man woman child face hand eye table chair door
window book cup ball flower leaf sun cloud rain river hill stone wood metal glass paint wall
floor roof light dark small large big tall round flat new old hot cold fast slow good bad first
last next near far up down out over under with from this that these those it he she they we you
has have was were will can not or but if then when who why because very more less few some all
"""
EVERYDAY = _EVERYDAY.split()
# Words that open a line, after a newline rather than a space.
OPENERS = ("What", "How", "Is", "Where", "Describe", "USER")

CHAT_TEMPLATE = (
    "{% for m in messages %}{% if m['role'] == 'user' %}USER: "
    "{% for c in m['content'] %}{% if c['type'] == 'image' %}<image>\n{% endif %}{% endfor %}"
    "{% for c in m['content'] %}{% if c['type'] == 'text' %}{{ c['text'] }}{% endif %}{% endfor %}"
    "{% else %} ASSISTANT: {% for c in m['content'] %}{{ c['text'] }}{% endfor %}{{ eos_token }}"
    "{% endif %}{% endfor %}{% if add_generation_prompt %} ASSISTANT:{% endif %}"
)


@dataclass(frozen=True)
class Sizes:
    """The model's measures; the defaults make 2.8 million parameters."""

    width: int = 128  # of the decoder and of the vision tower
    decoder_layers: int = 8
    decoder_hidden: int = 384
    vision_layers: int = 4
    head: int = 32  # width of an attention head


def _spell(merges: dict[tuple[str, str], None], start: str, word: str) -> None:
    """Adds the merges that build a word letter by letter, from the left."""
    for letter in word:
        merges[start, letter] = None
        start += letter


def build_tokenizer() -> PreTrainedTokenizerFast:
    """A BPE tokenizer of Llama's kind: U+2581 for a leading space, bytes for unknown characters.

    It is written down, not learned: every word is built from the left, so its beginnings are
    tokens too (as in a real vocabulary), and it can never depend on a corpus.
    """
    merges: dict[tuple[str, str], None] = {}
    for word in vocabulary() + EVERYDAY:
        single = word.removesuffix("s")
        _spell(merges, "▁", SPLIT[single][0] if single in SPLIT else word)
    # After the words with a leading space, or these merges would break those words up.
    for word in OPENERS:
        _spell(merges, word[0], word[1:])
    _spell(merges, "a", "ngle")

    letters = [chr(code) for code in range(33, 127)] + ["▁"]
    tokens = [*SPECIALS, *(f"<0x{byte:02X}>" for byte in range(256)), *letters]
    tokens += dict.fromkeys(left + right for left, right in merges)
    core = models.BPE(
        vocab={token: index for index, token in enumerate(tokens)},
        merges=list(merges),
        unk_token="<unk>",
        byte_fallback=True,
        fuse_unk=True,
    )
    fast = Tokenizer(core)
    fast.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="first", split=True),
            pre_tokenizers.Split(Regex("[?.,:\n]"), "isolated"),
        ]
    )
    fast.decoder = decoders.Sequence(
        [
            decoders.Replace("▁", " "),
            decoders.ByteFallback(),
            decoders.Fuse(),
            decoders.Strip(" ", 1, 0),
        ]
    )
    fast.add_special_tokens(list(SPECIALS))
    fast.post_processor = processors.TemplateProcessing(
        single="<s> $A", pair="<s> $A <s> $B", special_tokens=[("<s>", tokens.index("<s>"))]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=fast,
        bos_token="<s>",
        eos_token="</s>",
        unk_token="<unk>",
        pad_token="<pad>",
        padding_side="left",
        extra_special_tokens={"image_token": "<image>"},
        model_max_length=2048,
    )


def build_processor(tokenizer: PreTrainedTokenizerFast) -> LlavaProcessor:
    """LLaVA's own processor around CLIP's image processor in its Pillow form (no torchvision)."""
    images = CLIPImageProcessorPil(
        size={"shortest_edge": SIDE}, crop_size={"height": SIDE, "width": SIDE}
    )
    return LlavaProcessor(
        image_processor=images,
        tokenizer=tokenizer,
        patch_size=PATCH,
        vision_feature_select_strategy="default",
        num_additional_image_tokens=1,
        image_token="<image>",
        chat_template=CHAT_TEMPLATE,
    )


def build_model(
    tokenizer: PreTrainedTokenizerFast, sizes: Sizes | None = None
) -> LlavaForConditionalGeneration:
    """An untrained LLaVA: CLIP tower, two-layer projector, Llama decoder. Uses torch's seed."""
    sizes = sizes or Sizes()
    vision = CLIPVisionConfig(
        hidden_size=sizes.width,
        intermediate_size=4 * sizes.width,
        num_hidden_layers=sizes.vision_layers,
        num_attention_heads=sizes.width // sizes.head,
        image_size=SIDE,
        patch_size=PATCH,
        projection_dim=sizes.width,
        hidden_act="gelu",
    )
    ids = {
        "bos_token_id": tokenizer.bos_token_id,
        "eos_token_id": tokenizer.eos_token_id,
        "pad_token_id": tokenizer.pad_token_id,
    }
    text = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=sizes.width,
        intermediate_size=sizes.decoder_hidden,
        num_hidden_layers=sizes.decoder_layers,
        num_attention_heads=sizes.width // sizes.head,
        num_key_value_heads=sizes.width // sizes.head,
        max_position_embeddings=2048,
        tie_word_embeddings=False,
        initializer_range=0.04,
        **ids,
    )
    config = LlavaConfig(
        vision_config=vision,
        text_config=text,
        image_token_index=tokenizer.get_vocab()["<image>"],
        image_seq_length=(SIDE // PATCH) ** 2,
        vision_feature_layer=-1,
        vision_feature_select_strategy="default",
        tie_word_embeddings=False,
    )
    config.pad_token_id = tokenizer.pad_token_id
    model = LlavaForConditionalGeneration(config)
    with torch.no_grad():
        _start_vision(model, sizes)
        _start_decoder(model, sizes)
    for name, value in ids.items():
        setattr(model.generation_config, name, value)
    return model


def _start_vision(model: LlavaForConditionalGeneration, sizes: Sizes) -> None:
    """Starts the tower so that it sees places and shapes soon.

    Positions start as 2-D waves: from CLIP's own tiny random start, shapes stay unlearned for long.
    Queries start equal to keys ("mimetic" start), so that patches attend to patches that look
    alike or lie near, which is how a shape's outline is put together.
    """
    tower = model.model.vision_tower
    grid, quarter = SIDE // PATCH, sizes.width // 4
    waves = 30.0 ** -(torch.arange(quarter) / quarter)
    y, x = torch.meshgrid(torch.arange(grid).float(), torch.arange(grid).float(), indexing="ij")
    phases = [place.reshape(-1, 1) * waves for place in (x, y)]
    table = torch.cat([wave for phase in phases for wave in (phase.sin(), phase.cos())], 1)
    tower.embeddings.position_embedding.weight[1:] = 0.7 * table  # row 0 is the class token
    for layer in tower.encoder.layers:
        _attend_to_alike(layer.self_attn, sizes, 0.8)


def _start_decoder(model: LlavaForConditionalGeneration, sizes: Sizes) -> None:
    """Starts the decoder so that a word looks for its like, and word vectors have length one.

    The vision stage teaches the projector to write a patch as the sum of its words' *input*
    vectors, so from the first step on the word "star" attends to patches of stars.
    """
    decoder = model.model.language_model
    decoder.embed_tokens.weight.normal_(std=sizes.width**-0.5)
    for layer in decoder.layers[: len(decoder.layers) // 2]:
        _attend_to_alike(layer.self_attn, sizes, 0.6)


def _attend_to_alike(attention: Any, sizes: Sizes, scale: float) -> None:
    for start in range(0, sizes.width, sizes.head):
        basis = torch.linalg.qr(torch.randn(sizes.width, sizes.head))[0].T * scale
        attention.q_proj.weight[start : start + sizes.head] = basis
        attention.k_proj.weight[start : start + sizes.head] = basis
