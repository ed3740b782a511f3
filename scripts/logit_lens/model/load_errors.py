"""What can go wrong while a model is loaded, in one line that says what to do.

Does not load anything.

>>> with explain_loading("gpt2", "cpu"):
...     raise OSError("no such file")
LensError: cannot find the model gpt2: …
"""

import contextlib
import errno
import os
from collections.abc import Iterator
from typing import Any

import torch
from huggingface_hub.errors import GatedRepoError
from safetensors import SafetensorError

from .. import LensError
from .memory import free_memory


@contextlib.contextmanager
def explain_loading(name: str, device: str) -> Iterator[None]:
    """Turn what loading raises into one line that says what to do.

    Args:
        name: the model, for the message.
        device: where it was to go, for the message.
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
        raise LensError(_cannot_find(name, error)) from error
    except ImportError as error:
        raise LensError(f"cannot load {name}: {_first_line(error)}") from error
    except SafetensorError as error:
        raise LensError(
            f"the weights of {name} are damaged or half downloaded ({_first_line(error)}); "
            "download them again"
        ) from error
    except (ValueError, KeyError, AttributeError, TypeError, RuntimeError) as error:
        if "trust_remote_code" in str(error):
            raise LensError(
                f"{name} brings code of its own, which this program does not run; use a model that "
                "transformers itself knows"
            ) from error
        raise LensError(f"cannot load {name}: {_first_line(error)}") from error


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
    if os.path.isfile(name):  # noqa: PTH113 (a name may be too long for a path: then it is none)
        return f"cannot load {name}: it is a file; name the folder that holds the model"
    if os.path.exists(name):  # noqa: PTH110
        return f"cannot load {name}: {_first_line(error)}"
    return (
        f"cannot find the model {name}: it is neither a folder nor cached, and the hub did not "
        f"give it; check the name and the network, download it with `hf download {name}`, or try "
        "--demo"
    )


def _first_line(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0]}" if lines else type(error).__name__


def guard_incomplete(name: str, model: Any, loading: dict[str, Any]) -> None:
    """Let no module run whose weights the checkpoint lacks: they are random, and so is its output.

    What never runs (a head for another task, a pooler) may be missing.

    Args:
        name: the model, for the message.
        model: as it was loaded.
        loading: what ``from_pretrained(…, output_loading_info=True)`` says of it.
    """
    lacking = sorted([*loading["missing_keys"], *(key for key, *_ in loading["mismatched_keys"])])

    def refuse(module: Any, args: Any) -> None:
        shown = ", ".join(lacking[:3]) + (", …" if len(lacking) > 3 else "")
        raise LensError(
            f"{name} lacks {len(lacking)} of the weights that its config asks for ({shown}); they "
            "would be random. Use a complete checkpoint, or --force to read it all the same",
            for_all=True,
        )

    for module in {key.rpartition(".")[0] for key in lacking}:
        model.get_submodule(module).register_forward_pre_hook(refuse)
