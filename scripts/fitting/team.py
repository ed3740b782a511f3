"""The processes that fit one lens together, started by ``accelerate launch``; or one alone.

Each works on its share of every round; sums over all of them then are the same in each.

>>> team = Team(on_cpu=True)
>>> team.share(samples), team.leads
"""

from collections.abc import Sequence
from typing import Any, TypeVar

import torch
from accelerate import PartialState
from accelerate.utils import gather_object
from torch import Tensor

T = TypeVar("T")


class Team:
    """All processes of this run.

    Attributes:
        rank: the number of this one.
        size: how many there are.
        local_rank: its number on its machine, which chooses its device.
    """

    def __init__(self, on_cpu: bool) -> None:
        """Join the others, if the launcher started any."""
        state: Any = PartialState(cpu=on_cpu)
        self.rank, self.size = int(state.process_index), int(state.num_processes)
        self.local_rank = int(state.local_process_index)
        self._device = state.device  # where tensors meet: not every backend takes a CPU's

    @property
    def leads(self) -> bool:
        """Whether this process speaks and writes for all."""
        return self.rank == 0

    def share(self, items: Sequence[T]) -> list[T]:
        """This process's part."""
        return list(items[self.rank :: self.size])

    def together(self, mine: list[T]) -> list[T]:
        """All parts, in the order of the items that ``share`` was given."""
        if self.size == 1:
            return mine
        # one list of lists: gather_object joins what the processes hand it
        parts: list[list[T]] = gather_object([mine])
        longest = max(map(len, parts))
        return [part[n] for n in range(longest) for part in parts if n < len(part)]

    def add_up(self, tensors: Sequence[Tensor]) -> None:
        """Put the sum over all processes into each tensor."""
        for tensor in tensors if self.size > 1 else ():
            moved = tensor.to(self._device)
            torch.distributed.all_reduce(moved)
            tensor.copy_(moved)
