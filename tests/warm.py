"""Imports all that a run of the demo imports: a process forked from one that did starts at once."""

import torch

from logit_lens import pipeline, report
from logit_lens.arguments import DEMO_MODEL
from logit_lens.vlm import load_vlm

__all__ = ["pipeline", "report"]

torch.set_num_threads(1)  # threads do not survive a fork
load_vlm(str(DEMO_MODEL))
