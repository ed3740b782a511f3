"""Stage 2 of training: the whole model, on questions, with the lens taught to the upper layers.

>>> train_language(state, steps=10000)
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from transformers import LlavaForConditionalGeneration

from .batches import Batch, Batcher, cut, stream
from .losses import answer_loss, dense_loss, lens_loss, quiet_loss
from .peek import peek
from .stages import (
    SAVE_EVERY,
    State,
    decode,
    eye_parameters,
    listing,
    look_at,
    make_optimizer,
    rate,
    set_rate,
    smooth,
)

QUESTIONS = 12  # a scene; more would cost less each, but repeat the scene's few facts
KEPT = 64  # image tokens in the cheap phase; all things are among them
CHEAP = 0.6  # share of the steps that the cheap phase lasts
DENSE = 0.3  # weight of the dense lessons, which keep the eye sharp
LENS = 1.0  # weight of the lens loss, every other step
QUIET = 0.5  # weight of the quiet loss, every fourth step


def upper_layers(model: LlavaForConditionalGeneration) -> list[nn.Parameter]:
    """The parameters that the lens loss may change: the upper half of the decoder's layers.

    Given free rein, it would make the projector write words at once (measured: after 18 steps
    layer 0 reads the right colour on 44 % of the patches) and there would be no emergence to see.
    So it reaches neither projector nor lower layers nor the norm and unembedding that all layers
    share: those learn from answers alone.
    """
    layers = model.model.language_model.layers
    return [p for layer in layers[len(layers) // 2 :] for p in layer.parameters()]


def lower_layers(model: LlavaForConditionalGeneration) -> list[nn.Parameter]:
    """What the quiet loss may change: all that makes the states of the first half, no more."""
    layers = model.model.language_model.layers
    early = [p for layer in layers[: len(layers) // 2 - 1] for p in layer.parameters()]
    return [*model.model.multi_modal_projector.parameters(), *early]


def drop_ground(batch: Batch, projected: Tensor, start: int) -> tuple[Batch, Tensor]:
    """Leave `KEPT` image tokens a scene: all things, and a random part of the background.

    Positions stay as they were, so what is left is where it was.
    """
    wish = torch.rand(batch.colour.shape) + 2.0 * (batch.colour >= 0)
    kept = wish.topk(KEPT, 1).indices.sort(1).values
    projected = projected.gather(1, kept[..., None].expand(-1, -1, projected.shape[-1]))
    return cut(batch, kept, start), projected


def train_language(
    state: State,
    steps: int,
    size: int = 8,
    lr: float = 1e-3,
    slow: float = 0.15,
    workers: int = 1,
) -> None:
    """Answers and lens together; the eye goes on learning at `slow` times the rate."""
    model = state.model
    named = eye_parameters(state)
    named += [(n, p) for n, p in model.named_parameters() if "vision_tower" not in n]
    parameters = [parameter for _, parameter in named]
    optimizer = make_optimizer(named, slow)
    done = state.load("language", optimizer)
    if not done:
        # The same whether the first stage ran just now or was loaded.
        torch.manual_seed(state.recipe["seed"] + 1)
    batcher = Batcher(state.tokenizer, QUESTIONS)
    batches = stream(batcher, done * size, size, workers)
    state.resume_random()
    mean: dict[str, float] = {}
    model.train()
    for step in range(done, steps):
        set_rate(optimizer, lr * rate(step, steps))
        optimizer.zero_grad()
        lesson = ("lens", "quiet", "lens", None)[step % 4]
        figures = language_step(state, next(batches), batcher, step < CHEAP * steps, lesson)
        nn.utils.clip_grad_norm_(parameters, 1.0)
        optimizer.step()
        smooth(mean, figures)
        if (step + 1) % 50 == 0:
            state.say(f"language {step + 1}: " + listing(mean))
        if (step + 1) % SAVE_EVERY == 0 or step + 1 == steps:
            state.save("language", step + 1, optimizer)
        if (step + 1) % 500 == 0:
            state.say("test scenes: " + peek(model, state.tokenizer))


def language_step(
    state: State, batch: Batch, batcher: Batcher, cheap: bool, lesson: str | None
) -> dict[str, float]:
    """One step's gradients: answers always, and the lens lesson of the day."""
    model, words, start = state.model, batcher.words, batcher.image_start
    embedding = model.model.language_model.embed_tokens.weight
    with torch.autocast("cpu", torch.bfloat16):
        tower, projected = look_at(model, batch.pixels)
        full, full_projected = batch, projected
        if cheap:
            batch, projected = drop_ground(batch, projected, start)
        image = slice(start, start + projected.shape[1])
        states = decode(model, batch, projected, start)
        answers = model.lm_head(states[-1][batch.target >= 0])
    dense, seen = dense_loss(
        state.heads, tower.float(), full_projected.float(), embedding, words, full
    )
    answering = answer_loss(answers, batch)
    figures = {"answers": float(answering.detach()), "shape_right": seen["shape_right"]}
    (answering + DENSE * dense).backward(retain_graph=lesson is not None)
    if lesson == "lens":
        with torch.autocast("cpu", torch.bfloat16):
            logits = model.lm_head(states[-1][:, image])
        of_things, of_ground = lens_loss(logits, words, batch)
        (LENS * (of_things + 0.5 * of_ground)).backward(inputs=upper_layers(model))
        figures["lens_things"] = float(of_things.detach())
        figures["lens_ground"] = float(of_ground.detach())
    elif lesson == "quiet":
        early = torch.stack(states[: len(states) // 2])[:, :, image]
        with torch.autocast("cpu", torch.bfloat16):
            logits = model.lm_head(model.model.language_model.norm(early))
        quiet = quiet_loss(logits, batcher.spoken)
        (QUIET * quiet).backward(inputs=lower_layers(model))
        figures["quiet"] = float(quiet.detach())
    return figures
