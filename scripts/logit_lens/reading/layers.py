"""Which layers to read, from a spec such as ``0,8,16-32`` or ``::2``. Does not import torch.

>>> select_layers("::4", 8)
[0, 4, 8]
"""

import re

from .. import LensError


def select_layers(spec: str, n_layers: int) -> list[int]:
    """Layer numbers of a spec such as ``0,8,16-32`` or ``::2``; the last is always there.

    Args:
        spec: comma-separated numbers, ranges ``a-b`` (both ends) and slices ``a:b:c`` (as Python's,
            over 0..N); empty for all.
        n_layers: N, the number of decoder layers; 0 stands for the embeddings.

    Returns:
        ascending, without repetitions, N included.

    Raises:
        LensError: not of that form, or a number above N.
    """
    every = range(n_layers + 1)
    chosen = set(every) if not spec else {n_layers}
    for part in (part.strip() for part in spec.split(",") if spec):
        if match := re.fullmatch(r"(\d+)(?:-(\d+))?", part):
            first, last = int(match[1]), int(match[2] or match[1])
            if last < first:
                raise LensError(f"--layers: {part} runs backwards", exit_code=2)
            if last > n_layers:
                raise LensError(
                    f"--layers: there is no layer {last}; this model has 0 (the embeddings) to "
                    f"{n_layers}",
                    exit_code=2,
                )
            chosen.update(range(first, last + 1))
        elif re.fullmatch(r"-?\d*:-?\d*(:-?\d*)?", part):
            start, stop, step = ([int(x) if x else None for x in part.split(":")] + [None])[:3]
            if step is not None and step < 1:
                raise LensError(f"--layers: the step of {part} is not above 0", exit_code=2)
            chosen.update(every[start:stop:step])
        else:
            raise LensError(
                f"--layers: cannot read {part!r}; write numbers, ranges and slices, such as "
                "0,8,16-32 or ::2",
                exit_code=2,
            )
    return sorted(chosen)
