"""A checkpoint's processor, also where torchvision is missing.

transformers asks for torchvision when a processor can also read videos, or is Pixtral's, although
the images themselves go through Pillow. Here such a processor is put together without its video
half. Text-only models give their tokenizer. Does not know what a processor computes.

>>> processor = load_processor("Qwen/Qwen2.5-VL-7B-Instruct")
>>> type(processor).__name__
'Qwen2_5_VLProcessor'
"""

import contextlib
import importlib
import importlib.util
import sys
from collections.abc import Iterator
from typing import Any

from transformers import (
    AutoConfig,
    AutoFeatureExtractor,
    AutoImageProcessor,
    AutoProcessor,
    AutoTokenizer,
    ProcessorMixin,
)
from transformers.image_processing_base import ImageProcessingMixin
from transformers.models.auto.processing_auto import (
    PROCESSOR_MAPPING_NAMES,
    processor_class_from_name,
)

from . import LensError

_PIXTRAL = "transformers.models.pixtral"


def load_processor(source: str, **hub_kwargs: Any) -> Any:
    """Load the processor of a hub id or a folder, or the tokenizer of a text-only model.

    Args:
        source: hub id or folder.
        hub_kwargs: ``revision``, ``cache_dir``, … as ``from_pretrained`` takes them.

    Raises:
        LensError: this family's images cannot be prepared without torchvision.
    """
    try:
        return AutoProcessor.from_pretrained(source, **hub_kwargs)
    except (ImportError, ValueError) as error:
        if importlib.util.find_spec("torchvision") or "torchvision" not in str(error).lower():
            raise
    try:
        return _without_video(source, **hub_kwargs)
    except (ImportError, ValueError) as error:
        if "torchvision" not in str(error).lower():
            raise
        raise LensError(
            f"{source} prepares its images with torchvision, which is not installed: install the "
            "torchvision that fits your torch (https://pytorch.org/get-started)"
        ) from error


def _without_video(source: str, **hub_kwargs: Any) -> Any:
    """The processor with everything but its video processor."""
    cls = _processor_class(source, **hub_kwargs)
    loaders: dict[str, Any] = {
        "image_processor": AutoImageProcessor,
        "feature_extractor": AutoFeatureExtractor,
        "tokenizer": AutoTokenizer,
    }
    parts = []
    for attribute in cls.get_attributes():
        kind = next((kind for kind in loaders if attribute.endswith(kind)), None)
        parts.append(loaders[kind].from_pretrained(source, **hub_kwargs) if kind else None)
    settings, _ = cls.get_processor_dict(source, **hub_kwargs)
    return _image_only(cls).from_args_and_dict(parts, settings)


def _image_only(cls: Any) -> Any:
    """The class, but a missing video processor is fine."""

    def check_argument_for_proper_class(self: Any, name: str, argument: Any) -> Any:
        if argument is None and "video" in name:
            return None
        return cls.check_argument_for_proper_class(self, name, argument)

    namespace = {
        "check_argument_for_proper_class": check_argument_for_proper_class,
        "__module__": cls.__module__,
        "__init__": cls.__init__,  # its signature names the parts
    }
    return type(cls.__name__, (cls,), namespace)


def _processor_class(source: str, **hub_kwargs: Any) -> Any:
    """The class that the checkpoint names, or that transformers maps its model type to."""
    settings: dict[str, Any] = {}
    for read in (ProcessorMixin.get_processor_dict, ImageProcessingMixin.get_image_processor_dict):
        with contextlib.suppress(OSError):
            settings = read(source, **hub_kwargs)[0]
        if settings.get("processor_class"):
            break
    name = settings.get("processor_class")
    if not name:
        model_type = AutoConfig.from_pretrained(source, **hub_kwargs).model_type
        name = PROCESSOR_MAPPING_NAMES[model_type]
    if name == "PixtralProcessor":
        with _pil_pixtral():
            return importlib.import_module(f"{_PIXTRAL}.processing_pixtral").PixtralProcessor
    return processor_class_from_name(name)


@contextlib.contextmanager
def _pil_pixtral() -> Iterator[None]:
    """Inside, Pixtral's processor finds the Pillow twin of the module that imports torchvision.

    It only takes a function from it that computes a size, and both modules have it.
    """
    name = f"{_PIXTRAL}.image_processing_pixtral"
    sys.modules[name] = importlib.import_module(f"{_PIXTRAL}.image_processing_pil_pixtral")
    try:
        yield
    finally:
        del sys.modules[name]
