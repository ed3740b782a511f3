"""What the model is taught: dense lessons for the eye, answers, and the lens on image tokens.

>>> loss, seen = dense_loss(heads, tower_states, projected, embedding, words, batch)
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .batches import Batch, Words
from .drawing import BACKGROUNDS
from .scenes import FINE

# The colour's share in the lens target of an object's patch. With equal shares the colour wins
# everywhere; with a little less, it leads in the middle layers and the shape in the last one.
COLOUR_SHARE = 0.4
# The share that a background patch's target gives to all background words alike, so that the words
# after the first are other grounds and not objects that are nowhere near.
GROUND_SMOOTHING = 0.12
WORD_SCALE = 10.0


class Heads(nn.Module):
    """Linear heads that only training needs: they stand in for what CLIP's pretraining gives."""

    def __init__(self, width: int) -> None:
        """`width` of the tower and of the decoder."""
        super().__init__()
        self.outline = nn.Linear(width, FINE**2)  # on the tower
        self.offset = nn.Linear(width, 2)  # on the tower
        self.centre = nn.Linear(width, 1)  # on the projector's output


def dense_loss(
    heads: Heads, tower: Tensor, projected: Tensor, embedding: Tensor, words: Words, batch: Batch
) -> tuple[Tensor, dict[str, float]]:
    """The lessons about every patch; returns the loss and figures for the log.

    Colour, shape, background and place are read from the *projector's output* by the input vectors
    of their words: a patch of a red star in the upper left becomes about "red" + "star" + "top" +
    "left". That is LLaVA's alignment stage, done before the decoder sees a single image. The
    decoder's unembedding is another matrix, so nothing of this is legible through the lens.

    Args:
        heads: the throw-away heads.
        tower: (B, P, width) states of the vision tower.
        projected: (B, P, width) what the decoder would get.
        embedding: (vocabulary, width) the decoder's input vectors.
        words: the label words' token ids.
        batch: the truth.
    """
    things = batch.colour >= 0
    seen = projected[things]

    def scores(states: Tensor, group: Tensor) -> Tensor:
        return WORD_SCALE * states @ embedding[group].T

    shape_scores = scores(seen, words.shapes)
    colour = F.cross_entropy(scores(seen, words.colours), batch.colour[things])
    shape = F.cross_entropy(shape_scores, batch.shape[things])
    known = batch.share.sum(-1) > 0
    ground = F.cross_entropy(scores(projected[known], words.backgrounds), batch.share[known])
    two = torch.stack([scores(seen, pair) for pair in (words.rows, words.columns)], -2)  # n, 2, 2
    place = F.binary_cross_entropy_with_logits(two[..., 1] - two[..., 0], batch.place[things])
    centre = F.binary_cross_entropy_with_logits(
        heads.centre(projected)[..., 0], batch.centre, pos_weight=torch.tensor(8.0)
    )
    outline = F.binary_cross_entropy_with_logits(heads.outline(tower), batch.outline)
    offset = F.smooth_l1_loss(heads.offset(tower[things]), batch.offset[things])
    loss = 0.3 * colour + shape + 0.3 * ground + 0.3 * place + 0.5 * centre
    loss = loss + 2 * outline + 2 * offset
    right = (shape_scores.argmax(-1) == batch.shape[things]).float().mean()
    figures = {
        "shape_right": right,
        "shape": shape,
        "colour": colour,
        "ground": ground,
        "place": place,
        "centre": centre,
        "outline": outline,
        "offset": offset,
    }
    return loss, {name: float(value.detach()) for name, value in figures.items()}


def answer_loss(logits: Tensor, batch: Batch) -> Tensor:
    """Weighted cross-entropy of the answers' tokens; `logits` (n, vocabulary) only where asked."""
    asked = batch.target >= 0
    weight = batch.weight[asked]
    loss = F.cross_entropy(logits.float(), batch.target[asked], reduction="none")
    return (loss * weight).sum() / weight.sum()


def lens_loss(logits: Tensor, words: Words, batch: Batch) -> tuple[Tensor, Tensor]:
    """The lens on the last layer's image tokens: over objects' patches, over background patches.

    Args:
        logits: (B, P, vocabulary), final norm and unembedding of the decoder's last state.
        words: the label words' token ids.
        batch: the truth; patches that nobody covers half, yet something covers, teach nothing.
    """
    log = logits.float().log_softmax(-1)
    things = batch.colour >= 0
    seen = log[things]
    colour = seen.gather(1, words.colours[batch.colour[things]][:, None])
    shape = seen.gather(1, words.shapes[batch.shape[things]][:, None])
    of_things = -(COLOUR_SHARE * colour + (1 - COLOUR_SHARE) * shape).mean()
    known = batch.share.sum(-1) > 0
    target = (1 - GROUND_SMOOTHING) * batch.share[known] + GROUND_SMOOTHING / len(BACKGROUNDS)
    of_ground = -(target * log[known][:, words.backgrounds]).sum(-1).mean()
    return of_things, of_ground


def quiet_loss(logits: Tensor, spoken: Tensor) -> Tensor:
    """How much of the lens on early layers' image tokens says words of questions and answers.

    Args:
        logits: (layer, B, P, vocabulary).
        spoken: (n) token ids of those words.
    """
    others = logits.float().index_fill(-1, spoken, float("-inf"))
    return (logits.float().logsumexp(-1) - others.logsumexp(-1)).mean()
