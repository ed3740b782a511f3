"""Which layout each family has, and which families have none.

The layouts are in ``patch_grids.py`` and ``patch_tiles.py``. Each was checked by painting stripes
on an image and watching which positions change (``tests/test_patches.py``), not by reading the
processors. Does not import torch.
"""

from collections.abc import Callable

from . import grids, tiles
from .views import Prepared, View

Layout = Callable[[Prepared], list[View]]

LAYOUTS: dict[str, Layout] = {
    "aya_vision": tiles.aya_vision,
    "cohere2_vision": tiles.cohere2_vision,
    "deepseek_vl": grids.padded_square,
    "gemma3": tiles.pan_and_scan,
    "gemma4": grids.position_grid,
    "glm46v": grids.merged_grid,
    "glm4v": grids.merged_grid,
    "idefics3": tiles.idefics3,
    "internvl": tiles.internvl,
    "janus": grids.padded_square,
    "lfm2_vl": tiles.lfm2_vl,
    "lighton_ocr": grids.pixtral,
    "llama4": tiles.llama4,
    "llava": grids.clip_like,
    "llava_next": grids.any_resolution,
    "llava_next_video": grids.any_resolution,
    "llava_onevision": grids.any_resolution_max,
    "mistral3": grids.pixtral,
    "molmo2": tiles.molmo2,
    "paligemma": grids.stretched,
    "perception_lm": tiles.perception_lm,
    "qwen2_5_vl": grids.merged_grid,
    "qwen2_vl": grids.merged_grid,
    "qwen3_5": grids.merged_grid,
    "qwen3_5_moe": grids.merged_grid,
    "qwen3_vl": grids.merged_grid,
    "qwen3_vl_moe": grids.merged_grid,
    "smolvlm": tiles.idefics3,
    "vipllava": grids.clip_like,
}

_RESAMPLED = "a resampler makes this family's image tokens: each one sees the whole image"
_QFORMER = "a Q-Former makes this family's image tokens: each one sees the whole image"
_CROSS = (
    "this family reads the image through cross-attention: no position of the sequence stands for it"
)
_ENCODER = "this family reads the image in its encoder: the positions here are the decoder's text"
_POOLED = "this family puts the whole image in front of the text, not among its tokens"

WITHOUT_GEOMETRY: dict[str, str] = {
    "aria": _RESAMPLED,
    "blip": _CROSS,
    "blip-2": _QFORMER,
    "evolla": _CROSS,
    "florence2": _ENCODER,
    "git": _POOLED,
    "idefics": _CROSS,
    "idefics2": _RESAMPLED,
    "instructblip": _QFORMER,
    "instructblipvideo": _QFORMER,
    "kosmos-2": _RESAMPLED,
    "kosmos-2.5": _RESAMPLED,
    "mllama": _CROSS,
    "pix2struct": _ENCODER,
    "pp_formulanet": _ENCODER,
    "t5gemma2": _ENCODER,
    "udop": _ENCODER,
    "vision-encoder-decoder": _ENCODER,
}
