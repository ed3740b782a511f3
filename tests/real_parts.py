"""Models with real parts: tokenizers and configurations as published, weights small and random.

``tests/real_parts.sh`` fetches the parts; without them the tests that ask for one are skipped.
"""

import os
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from families.base import text, tf, vision
from families.gemma import gemma3, gemma3_processor
from families.qwen import QWEN_HOLDER, qwen3_vl, qwen_processor
from families.twin import Family, Twin, chat_template, randomise, save
from transformers import AddedToken, AutoModelForImageTextToText, AutoTokenizer

PARTS = Path(os.environ.get("REAL_PARTS", Path(sys.prefix, "parts")))
LLAVA_TEMPLATE = (
    "{% for message in messages %}{% if message['role'] != 'system' %}"
    "{{ message['role'].upper() + ': '}}{% endif %}{# Render all images first #}"
    "{% for content in message['content'] | selectattr('type', 'equalto', 'image') %}"
    "{{ '<image>\n' }}{% endfor %}{# Render all text next #}"
    "{% for content in message['content'] | selectattr('type', 'equalto', 'text') %}"
    "{{ content['text'] + ' '}}{% endfor %}{% endfor %}"
    "{% if add_generation_prompt %}{{ 'ASSISTANT:' }}{% endif %}"
)


def part(name: str) -> Path:
    """The folder of a real part; skips the test where it is not here."""
    folder = PARTS / name
    if not folder.is_dir():
        pytest.skip(f"the real {name} is not here: bash tests/run.sh --all fetches it")
    return folder


def real_tokenizer(name: str) -> Any:
    return AutoTokenizer.from_pretrained(part(name))


def llava_1_5(folder: Path) -> Path:
    """llava-1.5-7b but for depth and width: its vocabulary, template, picture and patches."""
    tokenizer = real_tokenizer("llama2")
    special = {"additional_special_tokens": [AddedToken("<image>", special=True, normalized=False)]}
    tokenizer.add_special_tokens(special)
    tokenizer.add_special_tokens({"pad_token": "<pad>"})
    images = tf.CLIPImageProcessorPil(
        size={"shortest_edge": 336}, crop_size={"height": 336, "width": 336}
    )
    processor = tf.LlavaProcessor(
        images, tokenizer, patch_size=14, vision_feature_select_strategy="default",
        num_additional_image_tokens=1, chat_template=LLAVA_TEMPLATE,
    )  # fmt: skip
    small = dict(num_hidden_layers=2, pad_token_id=32001)
    config = tf.LlavaConfig(
        vision_config=vision("clip_vision_model", 336, 14, num_hidden_layers=2),
        text_config=text("llama", 32064, **small),
        image_token_index=32000,
        vision_feature_layer=-2,
        vision_feature_select_strategy="default",
        image_seq_length=576,
    )
    return _save(folder, config, processor)


def real_qwen3_vl(folder: Path) -> Path:
    tokenizer = real_tokenizer("qwen3")
    processor = qwen_processor("Qwen3VLProcessor", "Qwen2VLImageProcessorPil", patch_size=16)(
        tokenizer
    )
    processor.chat_template = chat_template(QWEN_HOLDER)
    return _save(folder, qwen3_vl(tokenizer.get_vocab(), 151_936), processor)


def real_gemma3(folder: Path) -> Path:
    """With the template that comes with its tokenizer, which asks for images by itself."""
    tokenizer = real_tokenizer("gemma3")
    processor = gemma3_processor()(tokenizer)
    processor.chat_template = tokenizer.chat_template
    return _save(folder, gemma3(tokenizer.get_vocab(), 262_208), processor)


def _save(folder: Path, config: Any, processor: Any) -> Path:
    model = AutoModelForImageTextToText.from_config(config, dtype=torch.float32).eval()
    randomise(model, seed=0)
    family = Family(folder.name, config=lambda *_: config, processor=lambda _: processor)
    save(Twin(family, model, processor), folder)
    return folder
