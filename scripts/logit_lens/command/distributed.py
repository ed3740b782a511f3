"""Which share of the images is this process's, when several run the same command.

``accelerate launch`` (or torchrun, or a job array that sets RANK and WORLD_SIZE) starts the same
command several times and tells each its number in the environment. That is all that is needed: the
images are independent, so process r of n takes every n-th one, and no process ever waits for
another's data. Nothing can hang when one dies. Does not import torch.

>>> take_process()                  # in the second of two processes on one machine
Process(rank=1, size=2, local_rank=1, local_size=2)
"""

import os
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TypeVar

from .. import LensError

T = TypeVar("T")
_POLL = 0.2  # seconds


@dataclass(frozen=True)
class Process:
    """The place of this process among those that share the work.

    Attributes:
        rank: its number, 0..size-1, over all machines.
        size: how many there are.
        local_rank: its number on this machine, which also chooses its device.
        local_size: how many the launcher started on this machine.
    """

    rank: int = 0
    size: int = 1
    local_rank: int = 0
    local_size: int = 1

    @property
    def leads(self) -> bool:
        """Whether it speaks for its machine: index, last line, exit code."""
        return self.local_rank == 0

    def share(self, items: Sequence[T]) -> list[T]:
        """Every size-th item, beginning with the rank's."""
        return list(items[self.rank :: self.size])

    def wait_for_others(self) -> None:
        """Wait until the launcher's other processes on this machine have ended, however they did.

        A launcher kills all its processes as soon as one reports a failure. So those that do not
        lead keep their failed images to themselves, and the one that leads comes last.
        """
        if self.local_size < 2:
            return
        import psutil  # accelerate brings it

        me = psutil.Process()
        launcher = me.parent()
        with suppress(psutil.NoSuchProcess):  # a launcher that has died has no processes
            while launcher and any(_is_at_work(child, me) for child in launcher.children()):
                time.sleep(_POLL)


def take_process() -> Process:
    """Read this process's place from the environment, and remove it from there.

    Removed, because a library that finds it would open a process group and wait for all others.

    Raises:
        LensError: a number is missing or out of range.
    """
    names = {"RANK": 0, "WORLD_SIZE": 1, "LOCAL_RANK": 0, "LOCAL_WORLD_SIZE": 1}
    found = {name: os.environ.pop(name) for name in names if name in os.environ}
    try:
        rank, size, local_rank, local_size = (int(found.get(k, names[k])) for k in names)
    except ValueError as error:
        raise LensError(f"RANK and WORLD_SIZE are not whole numbers: {found}", 2) from error
    if not 0 <= rank < size or ("WORLD_SIZE" in found and "RANK" not in found and size > 1):
        raise LensError(
            f"RANK is {found.get('RANK', 'missing')} and WORLD_SIZE is {size}; "
            "the processes are numbered from 0",
            2,
        )
    return Process(rank, size, local_rank, local_size)


def _is_at_work(process: "psutil.Process", me: "psutil.Process") -> bool:  # type: ignore[name-defined] # noqa: F821
    """Whether it is another process of the same command: a launcher may have helpers too."""
    import psutil

    try:
        # the command line of a process that has ended is empty, or an error
        return process.pid != me.pid and process.cmdline() == me.cmdline()
    except psutil.Error:
        return False
