"""The files of a processor: which of them a checkpoint lacks, and what to copy. Imports no torch.

>>> refuse_missing_files("my-fine-tune", sees_images=True)
LensError: my-fine-tune has no tokenizer: copy tokenizer.json, … from the model it was trained from
"""

import os
from pathlib import Path

from .. import LensError
from ..files import is_folder
from .weight_files import read_json

_TOKENIZERS = (
    "tokenizer.json", "tokenizer.model", "spiece.model", "sentencepiece.bpe.model", "vocab.json",
    "vocab.txt", "tekken.json", "tiktoken.model",
)  # fmt: skip
_CONFLICT = "conflicting files"


def refuse_missing_files(source: str, sees_images: bool, error: Exception | None = None) -> None:
    """Say which files of its processor a checkpoint lacks; nothing where it has them all.

    Args:
        source: a folder, or a hub id (then what was said of it tells).
        sees_images: whether its model takes images.
        error: what loading raised.

    Raises:
        LensError: some are missing, or contradict each other.
    """
    if error is not None and _CONFLICT in str(error):
        raise LensError(
            f"{source} has a chat_template.json and an additional_chat_templates folder, which "
            "exclude each other: write the template of the former into a chat_template.jinja and "
            "remove it"
        ) from error
    if not is_folder(source):
        said = str(error).lower()
        no_images = error is not None and ("image processor" in said or "preprocessor" in said)
        no_tokenizer = error is not None and "tokenizer" in said and not no_images
    else:
        no_tokenizer = not any(os.path.isfile(Path(source, name)) for name in _TOKENIZERS)  # noqa: PTH113
        no_images = sees_images and not _has_image_part(Path(source))
    if not (no_tokenizer or no_images):
        return
    lacking = ["tokenizer"] * no_tokenizer + ["image processor"] * no_images
    copied = ["tokenizer.json", "tokenizer_config.json"] * no_tokenizer
    copied += ["preprocessor_config.json", "processor_config.json"] * no_images
    copied += ["chat_template.jinja"]
    raise LensError(
        f"{source} has no {' and no '.join(lacking)}; copy into it, from the model that it was "
        f"trained from, whichever of these are there: {', '.join(copied)}"
    ) from error


def _has_image_part(folder: Path) -> bool:
    whole = read_json(folder / "processor_config.json")
    return (folder / "preprocessor_config.json").is_file() or "image_processor" in whole
