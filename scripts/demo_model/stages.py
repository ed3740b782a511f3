"""What both stages of training share, and the first: the eye (`language` is the second).

Both use a warmup, a constant learning rate and a decay over the last fifth, so a run can be ended
early or made longer from a saved state without having followed the wrong schedule.

>>> state = State.fresh(seed=0, sizes=Sizes(), folder=Path("outputs/demo_model"))
>>> train_vision(state, steps=4000)
"""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass, field
from pathlib import Path

import torch
from torch import Tensor, nn
from transformers import LlavaForConditionalGeneration, PreTrainedTokenizerFast

from .batches import Batch, Batcher, Words, block_mask, stream
from .build import Sizes, build_model, build_tokenizer
from .losses import Heads, dense_loss

WARMUP = 100
DECAY = 0.2  # share of the steps
SAVE_EVERY = 250


@dataclass
class State:
    """All that training changes, where it is kept, and the log."""

    tokenizer: PreTrainedTokenizerFast
    model: LlavaForConditionalGeneration
    heads: Heads
    recipe: dict[str, int]  # seed and sizes: a saved state of another recipe is not taken up
    folder: Path
    random: Tensor | None = None
    started: float = field(default_factory=time.time)

    @classmethod
    def fresh(cls, seed: int, sizes: Sizes, folder: Path) -> State:
        """An untrained model; the seed fixes all of it."""
        torch.manual_seed(seed)
        folder.mkdir(parents=True, exist_ok=True)
        tokenizer = build_tokenizer()
        model = build_model(tokenizer, sizes)
        model.set_attn_implementation("eager")  # in bfloat16 on a CPU, twice the fused one's speed
        recipe = {"seed": seed, **asdict(sizes)}
        return cls(tokenizer, model, Heads(sizes.width), recipe, folder)

    def say(self, text: str) -> None:
        """One line to the terminal and to the run's log."""
        line = f"{(time.time() - self.started) / 60:6.1f} min  {text}"
        print(line, flush=True)
        with (self.folder / "log.txt").open("a") as log:
            log.write(line + "\n")

    def save(self, name: str, step: int, optimizer: torch.optim.Optimizer) -> None:
        """Everything needed to go on from here; written beside and then renamed."""
        saved = {
            "recipe": self.recipe,
            "step": step,
            "model": self.model.state_dict(),
            "heads": self.heads.state_dict(),
            "optimizer": optimizer.state_dict(),
            "random": torch.get_rng_state(),
        }
        path = self.folder / f"{name}.pt"
        torch.save(saved, path.with_suffix(".new"))
        path.with_suffix(".new").replace(path)

    def load(self, name: str, optimizer: torch.optim.Optimizer) -> int:
        """Take up a saved state if there is one; returns the step it was saved at, else 0."""
        path = self.folder / f"{name}.pt"
        if not path.exists():
            return 0
        saved = torch.load(path, weights_only=True)
        if saved["recipe"] != self.recipe:
            raise SystemExit(f"error: {path} is of another recipe: {saved['recipe']}; remove it")
        self.model.load_state_dict(saved["model"])
        self.heads.load_state_dict(saved["heads"])
        optimizer.load_state_dict(saved["optimizer"])
        self.random = saved["random"]
        return saved["step"]

    def resume_random(self) -> None:
        """Go on with the saved random numbers; after making the stream, which takes one."""
        if self.random is not None:
            torch.set_rng_state(self.random)
            self.random = None


def rate(step: int, steps: int) -> float:
    """The learning rate's factor: up, level, down to 2 % over the last fifth."""
    warm = min(1.0, (step + 1) / WARMUP)
    left = (steps - step) / (DECAY * steps)
    return warm * min(1.0, 0.02 + 0.98 * left)


def make_optimizer(named: list[tuple[str, nn.Parameter]], slow: float) -> torch.optim.AdamW:
    """AdamW; norms, biases and tables do not decay, names starting "eye" learn `slow` times."""
    groups: dict[tuple[bool, bool], list[nn.Parameter]] = {}
    for name, parameter in named:
        table = parameter.ndim < 2 or "embed" in name
        groups.setdefault((table, name.startswith("eye")), []).append(parameter)
    return torch.optim.AdamW(
        [
            {
                "params": parameters,
                "weight_decay": 0.0 if table else 0.05,
                "factor": slow if eye else 1.0,
            }
            for (table, eye), parameters in groups.items()
        ],
        lr=0.0,
        betas=(0.9, 0.98),
    )


def set_rate(optimizer: torch.optim.Optimizer, value: float) -> None:
    """Give every group its own multiple of a learning rate."""
    for group in optimizer.param_groups:
        group["lr"] = value * group["factor"]


def eye_parameters(state: State) -> list[tuple[str, nn.Parameter]]:
    """The tower and the heads on it. The tower's last norm is not on LLaVA's way: left out."""
    tower = state.model.model.vision_tower.named_parameters()
    named = [("eye." + name, p) for name, p in tower if "post_layernorm" not in name]
    return named + [("eye.heads." + name, p) for name, p in state.heads.named_parameters()]


def look_at(model: LlavaForConditionalGeneration, pixels: Tensor) -> tuple[Tensor, Tensor]:
    """Tower states and projected states of the patches, each (B, P, width)."""
    tower = model.model.vision_tower(pixels).last_hidden_state[:, 1:]  # without the class token
    return tower, model.model.multi_modal_projector(tower)


def decode(
    model: LlavaForConditionalGeneration, batch: Batch, projected: Tensor, image_start: int
) -> tuple[Tensor, ...]:
    """What enters each layer, then the last state after the final norm; each (B, T, width)."""
    decoder = model.model.language_model
    before = decoder.embed_tokens(batch.ids[:, :image_start])
    after = decoder.embed_tokens(batch.ids[:, image_start + projected.shape[1] :])
    states = torch.cat([before, projected.to(before.dtype), after], 1)
    mask = torch.zeros(()).where(block_mask(batch.branch), -1e9)  # added to the scores
    return decoder(
        inputs_embeds=states,
        attention_mask=mask,
        position_ids=batch.position,
        use_cache=False,
        output_hidden_states=True,
    ).hidden_states


def train_vision(
    state: State, steps: int, size: int = 16, lr: float = 1.5e-3, workers: int = 1
) -> None:
    """Stage 1: tower, projector and the decoder's input vectors, on crowds of seven things.

    Crowds, because one step then shows seven shapes for the price of one picture: shape is what
    takes long (colour and ground are there after a hundred steps).
    """
    model, words = state.model, Words.of(state.tokenizer)
    embedding = model.model.language_model.embed_tokens.weight
    named = eye_parameters(state)
    named += [
        ("projector." + n, p) for n, p in model.model.multi_modal_projector.named_parameters()
    ]
    named += [("embed", embedding)]
    parameters = [parameter for _, parameter in named]
    optimizer = make_optimizer(named, slow=1.0)
    done = state.load("vision", optimizer)
    batches = stream(Batcher(state.tokenizer, 0, "crowd"), done * size, size, workers)
    state.resume_random()
    mean: dict[str, float] = {}
    model.train()
    for step in range(done, steps):
        set_rate(optimizer, lr * rate(step, steps))
        batch = next(batches)
        with torch.autocast("cpu", torch.bfloat16):
            tower, projected = look_at(model, batch.pixels)
        loss, figures = dense_loss(
            state.heads, tower.float(), projected.float(), embedding, words, batch
        )
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(parameters, 1.0)
        optimizer.step()
        smooth(mean, figures)
        if (step + 1) % 50 == 0:
            state.say(f"vision {step + 1}: " + listing(mean))
        if (step + 1) % SAVE_EVERY == 0 or step + 1 == steps:
            state.save("vision", step + 1, optimizer)


def smooth(mean: dict[str, float], figures: dict[str, float]) -> None:
    """Running means for the log."""
    for name, value in figures.items():
        mean[name] = 0.95 * mean.get(name, value) + 0.05 * value


def listing(figures: dict[str, float]) -> str:
    """Figures in one line."""
    return " ".join(f"{name} {value:.3f}" for name, value in figures.items())
