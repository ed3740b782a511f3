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

from .. import LensError
from .processor_files import refuse_missing_files

_PIXTRAL = "transformers.models.pixtral"


def load_processor(source: str, sees_images: bool = True, **hub_kwargs: Any) -> Any:
    """Load the processor of a hub id or a folder, or the tokenizer of a text-only model.

    Args:
        source: hub id or folder.
        sees_images: whether its model takes images.
        hub_kwargs: ``revision``, ``cache_dir``, ``gguf_file``, … as ``from_pretrained`` takes them.

    Raises:
        LensError: files of the processor are missing, or this family's images cannot be prepared
            without torchvision.
    """
    try:
        if not sees_images:
            return AutoTokenizer.from_pretrained(source, **hub_kwargs)
        processor = _load_whole(source, **hub_kwargs)
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        refuse_missing_files(source, sees_images, error)
        raise
    if not hasattr(processor, "tokenizer") or not hasattr(processor, "image_processor"):
        refuse_missing_files(source, sees_images)
    return processor


def _load_whole(source: str, **hub_kwargs: Any) -> Any:
    try:
        return AutoProcessor.from_pretrained(source, **hub_kwargs)
    except (ImportError, ValueError, RecursionError) as error:
        if not _is_about_videos(error):
            raise
    try:
        return _without_video(source, **hub_kwargs)
    except (ImportError, ValueError) as error:
        if not _is_about_videos(error):
            raise
        raise LensError(
            f"{source} prepares its images with torchvision, which is not installed: install the "
            "torchvision that fits your torch (https://pytorch.org/get-started)"
        ) from error


def _is_about_videos(error: BaseException) -> bool:
    if isinstance(error, RecursionError):  # AutoVideoProcessor looks for a class without end
        return True
    return any(name in str(error).lower() for name in ("torchvision", "num2words"))


def _without_video(source: str, **hub_kwargs: Any) -> Any:
    """The processor with everything but its video processor."""
    cls = processor_class(_class_name(source, **hub_kwargs))
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
    return cls.from_args_and_dict(parts, settings)


def _class_name(source: str, **hub_kwargs: Any) -> str:
    """The class that the checkpoint names, or that transformers maps its model type to."""
    for read in (ProcessorMixin.get_processor_dict, ImageProcessingMixin.get_image_processor_dict):
        with contextlib.suppress(OSError):
            if name := read(source, **hub_kwargs)[0].get("processor_class"):
                return str(name)
    model_type = AutoConfig.from_pretrained(source, **hub_kwargs).model_type
    return str(PROCESSOR_MAPPING_NAMES[model_type])


def processor_class(name: str) -> Any:
    """A processor class that takes a missing video processor (or sound extractor) as it is.

    >>> processor_class("Qwen2VLProcessor")(image_processor, tokenizer, video_processor=None)
    """
    if name == "PixtralProcessor":
        with _pil_pixtral():
            cls = importlib.import_module(f"{_PIXTRAL}.processing_pixtral").PixtralProcessor
    else:
        cls = processor_class_from_name(name)
    module = sys.modules[cls.__module__]
    if getattr(module, "num2words", True) is None:
        module.num2words = _spell_nothing  # type: ignore[attr-defined]

    def check_argument_for_proper_class(self: Any, name: str, argument: Any) -> Any:
        if argument is None and not name.endswith(("image_processor", "tokenizer")):
            return None
        return cls.check_argument_for_proper_class(self, name, argument)

    namespace = {
        "check_argument_for_proper_class": check_argument_for_proper_class,
        "__module__": cls.__module__,
        "__init__": cls.__init__,  # its signature names the parts
        # SmolVLM's own asks its video processor for a number of frames
        "apply_chat_template": ProcessorMixin.apply_chat_template,
    }
    return type(cls.__name__, (cls,), namespace)


def _spell_nothing(*_: Any) -> str:
    """SmolVLM asks for num2words, with which it spells the times of a video's frames."""
    raise LensError("videos cannot be read here")


@contextlib.contextmanager
def _pil_pixtral() -> Iterator[None]:
    """Inside, Pixtral's processor finds the Pillow twin of the module that imports torchvision.

    It only takes a function from it that computes a size, and both modules have it.
    """
    name = f"{_PIXTRAL}.image_processing_pixtral"
    if name in sys.modules:
        yield
        return
    sys.modules[name] = importlib.import_module(f"{_PIXTRAL}.image_processing_pil_pixtral")
    try:
        yield
    finally:
        del sys.modules[name]
