"""What can go wrong while a model is loaded, in one line that says what to do.

Does not load anything.

>>> with explain_loading("gpt2", "cpu"):
...     raise OSError("no such file")
LensError: cannot find the model gpt2: …
"""

import contextlib
import errno
import os
import pickle
import textwrap
from collections.abc import Iterator

import torch
from huggingface_hub.errors import GatedRepoError
from safetensors import SafetensorError

from .. import LensError
from ..files import is_folder
from .memory import free_memory

# what torch says of a file that was cut
_DAMAGED = ("PytorchStreamReader", "unexpected EOF", "Ran out of input")


@contextlib.contextmanager
def explain_loading(name: str, device: str, adapter: str | None = None) -> Iterator[None]:
    """Turn what loading raises into one line that says what to do.

    Args:
        name: the model, for the message.
        device: where it was to go, for the message.
        adapter: what was to go on top of it.
    """
    try:
        yield
    except torch.OutOfMemoryError as error:
        free_memory()
        raise LensError(
            f"{name} does not fit on {device}: use --quantize 4bit, --device-map auto, a smaller "
            "--dtype or a smaller model"
        ) from error
    except OSError as error:
        base_of = f" (it is the base of {adapter}: --model BASE --adapter {adapter} names another)"
        raise LensError(_cannot_find(name, error) + (base_of if adapter else "")) from error
    except ImportError as error:
        raise LensError(f"cannot load {name}: {_first_line(error)}") from error
    except SafetensorError as error:
        raise LensError(_damaged(name, error)) from error
    except pickle.UnpicklingError as error:  # torch's own words advise to switch the safety off
        raise LensError(
            f"the weights of {name} are a pickle with more in it than numbers, which may run any "
            "code and is not loaded; use a checkpoint with model.safetensors"
        ) from error
    except (ValueError, KeyError, AttributeError, TypeError, RuntimeError) as error:
        if "trust_remote_code" in str(error):
            raise LensError(
                f"{name} brings code of its own, which this program does not run; use a model that "
                "transformers itself knows"
            ) from error
        if any(sign in str(error) for sign in _DAMAGED):
            raise LensError(_damaged(name, error)) from error
        instead = "; use the checkpoint that it was made from" if name.endswith(".gguf") else ""
        raise LensError(f"cannot load {name}: {_first_line(error)}{instead}") from error


def _damaged(name: str, error: Exception) -> str:
    return (
        f"the weights of {name} are damaged or half downloaded ({_first_line(error)}); download "
        "them again"
    )


def _cannot_find(name: str, error: OSError) -> str:
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, GatedRepoError):
            return (
                f"{name} is behind a licence: accept it on the model's page of the hub, then log "
                "in with `hf auth login`"
            )
        if isinstance(cause, OSError) and cause.errno == errno.ENOSPC:
            return f"cannot download {name}: the disk of the hub's cache is full (HF_HOME moves it)"
        cause = cause.__cause__ or cause.__context__
    if os.path.exists(name):  # noqa: PTH110 (a name may be too long for a path: then it is none)
        return f"cannot load {name}: {_first_line(error)}"
    if is_folder(os.path.dirname(name)):  # noqa: PTH120
        return (
            f"there is no folder {name}, nor has the hub a model of that name; check the path, or "
            "the network"
        )
    return (
        f"cannot find the model {name}: it is neither a folder nor cached, and the hub did not "
        f"give it; check the name and the network, download it with `hf download {name}`, or try "
        "--demo"
    )


def _first_line(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    if not lines:
        return type(error).__name__
    return textwrap.shorten(f"{type(error).__name__}: {lines[0]}", 300, placeholder=" …")
