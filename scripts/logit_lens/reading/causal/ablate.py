"""Which patches does the answer need? Replace some at the decoder's input, and see what it loses.

With the answer fixed, ``drop(t, window) = log p(y_t) − log p(y_t | window replaced)``, in nats:
what the answer's token loses when the image features of a window are replaced by the mean of this
image's features (or zero, or a given vector). Causal for exactly this intervention; it says nothing
of what the vision tower spread over other patches before. As a control, the same for random sets of
as many patches. (Method: Neo et al., arXiv 2410.07149, section 4.)

Knows embeddings and batches; does not know how the decoder is called.

>>> result = ablate(call, image_positions, sets, fill=mean_patch(call, image_positions))
>>> result.shape      # (answer token, set)
(5, 144)
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ... import LensError
from ...model.memory import free_bytes, free_memory, is_out_of_memory
from .rerun import DecoderCall

MOST_COPIES = 32
# On a CPU products are as fast over some hundred positions as over more, and states that no longer
# fit its caches are slow: of the demo model's 170 positions, 2 to 8 copies at a time take 14 ms
# each, 16 take 18, 32 take 34.
CPU_POSITIONS = 1024
# Last states of so many answer tokens are collected for one product with the unembedding: over few,
# it is as long as its weights take to be read, a sixth of the time of a small model's forward.
READ_AT_ONCE = 64
# A batch of copies may take this much at most beside model and states, on any device.
MOST_BYTES = 2**30


def mean_patch(call: DecoderCall, image_positions: np.ndarray) -> Tensor:
    """(d_model,) the mean of this image's own features at the decoder's input."""
    return call.embeds[0, torch.from_numpy(image_positions)].float().mean(0)


def read_vector(path: Path, d_model: int) -> Tensor:
    """(d_model,) a vector to put in place of patches, from a .npy or .pt file.

    Raises:
        LensError: it cannot be read, is not one vector of ``d_model`` finite numbers, or is a file
            that would run code.
    """
    try:
        if path.suffix == ".npy":
            loaded: Any = torch.from_numpy(np.load(path, allow_pickle=False))
        else:
            loaded = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError as error:
        raise LensError(f"--ablate-with: there is no file {path}", 2) from error
    except Exception as error:  # torch, zipfile, pickle and NumPy raise anything on foreign files
        raise LensError(
            f"--ablate-with: {path} holds no plain tensor ({type(error).__name__})", 2
        ) from error
    if not isinstance(loaded, Tensor) or loaded.numel() != d_model:
        found = tuple(loaded.shape) if isinstance(loaded, Tensor) else type(loaded).__name__
        raise LensError(
            f"--ablate-with: {path} holds {found}, but this model's patches have {d_model} numbers",
            2,
        )
    vector = loaded.detach().reshape(-1).float()
    if not vector.isfinite().all():
        raise LensError(f"--ablate-with: {path} holds numbers that are not finite", 2)
    return vector


def ablate(
    call: DecoderCall,
    image_positions: np.ndarray,
    sets: np.ndarray,
    fill: Tensor,
    copies: int | None = None,
    on_progress: Callable[[int, int], object] | None = None,
) -> np.ndarray:
    """What every answer token loses when each set of patches is replaced.

    Every batch is compared with an unchanged one of the same size, slot by slot, so that a
    replacement by itself gives 0 to the last bit. Where a batch does not fit, it is halved once.

    Args:
        call: the decoder's call.
        image_positions: bool (position,) which positions are patches.
        sets: bool (set, image position) what to replace together.
        fill: (d_model,) what to put there, or (image position, d_model).
        copies: how many sets at a time; left out, as many as memory allows.
        on_progress: called with the number of sets just finished, and of all.

    Returns:
        float32 (answer token, set), in nats.
    """
    places = torch.from_numpy(np.flatnonzero(image_positions))
    fill = fill.to(call.embeds.device, call.embeds.dtype).expand(len(places), -1)
    copies = min(copies or copies_that_fit(call), len(sets))
    drops: list[Tensor] = []
    whole: Tensor | None = None  # (copy, answer token, d_model) last states, nothing replaced
    done, halved = 0, False
    while done < len(sets):
        batches = max(1, READ_AT_ONCE // (copies * len(call.ids)))
        some = sets[done : done + batches * copies]
        try:
            if whole is None:
                whole = call.last_states(call.embeds.expand(copies, -1, -1))
                before = call.read(whole.repeat(batches, 1, 1))  # (copy, answer token)
            states = [
                call.last_states(_replaced(call.embeds, places, part, fill, copies))
                for part in np.split(some, range(copies, len(some), copies))
            ]
            after = call.read(torch.cat(states + [whole] * (batches - len(states))))
        except (RuntimeError, MemoryError) as error:
            if halved or copies == 1 or not is_out_of_memory(error):
                raise
            halved, whole, copies = True, None, copies // 2
            free_memory()
            continue
        drops.append((before - after)[: len(some)].cpu())
        done += len(some)
        if on_progress is not None:
            on_progress(len(some), len(sets))
    return torch.cat(drops).T.numpy() if drops else np.zeros((len(call.ids), 0), np.float32)


def _replaced(embeds: Tensor, places: Tensor, sets: np.ndarray, fill: Tensor, size: int) -> Tensor:
    """(size, position, d_model) a copy for every set, and unchanged ones where sets run out."""
    copies = embeds.repeat(size, 1, 1)
    for copy, chosen in zip(copies, torch.from_numpy(sets), strict=False):
        copy[places[chosen]] = fill[chosen.to(fill.device)]
    return copies


def copies_that_fit(call: DecoderCall) -> int:
    """How many copies of the sequence one forward may hold, from shapes and free memory."""
    free = free_bytes(call.embeds.device)
    budget = min(MOST_BYTES, free // 2) if free is not None else MOST_BYTES
    most = MOST_COPIES
    if call.embeds.device.type == "cpu":
        most = CPU_POSITIONS // call.embeds.shape[1]
    return int(max(1, min(most, budget // bytes_of_a_copy(call))))


def bytes_of_a_copy(call: DecoderCall) -> int:
    """About what one more copy takes in a forward: states, projections, the widest of the MLP."""
    _, n_positions, d_model = call.embeds.shape
    widest = max(
        (m.out_features for m in call.decoder.modules() if isinstance(m, torch.nn.Linear)),
        default=4 * d_model,
    )
    return int(n_positions * (6 * d_model + 3 * widest) * call.embeds.element_size())
