"""Imports all that a run of the demo imports: a process forked from one that did starts at once."""

import torch

from logit_lens.model.vlm import load_vlm
from logit_lens.page import report
from logit_lens.reading import pipeline
from logit_lens.resources import DEMO_MODEL

__all__ = ["pipeline", "report"]

torch.set_num_threads(1)  # threads do not survive a fork
load_vlm(str(DEMO_MODEL))
