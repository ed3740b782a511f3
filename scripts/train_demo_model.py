"""Makes the embedded demo model from nothing: a small real LLaVA that looks at synthetic scenes.

    python scripts/train_demo_model.py                          makes models/demo again
    python scripts/train_demo_model.py --evaluate models/demo   examines a saved model

Two stages. The eye: CLIP tower and projector learn colour, shape, place and outline of things, on
crowded scenes, by throw-away heads; that stands in for CLIP's pretraining and LLaVA's alignment.
Then the whole model: eight kinds of questions, twelve a scene, packed behind one image.

The model exists to be looked at through the logit lens, so a second loss is read off the lens
itself: on the last layer, image tokens are asked to say what their patch shows. **Image tokens read
as words here because training asked for it. That is a true readout of this model, and no evidence
that models that were not trained so do the same.**

The shipped model took 47 minutes: 11 for the eye, 36 for the rest, on one core that computes in
bfloat16, beside a part of another that draws the scenes. Its figures are in models/demo/README.md.
A run that was cut off goes on from its last saved state in --work, to the same end: with the same
seed, steps, processor and torch, the same bytes.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import torch

from demo_model.build import Sizes, build_processor
from demo_model.evaluate import HELD_OUT, examine
from demo_model.language import train_language
from demo_model.stages import State, train_vision

ROOT = Path(__file__).resolve().parent.parent

CARD = """# The embedded demo model

A `LlavaForConditionalGeneration` of {millions:.1f} million parameters with its `LlavaProcessor`,
made from nothing by `scripts/train_demo_model.py` (seed {seed}, {vision} + {language} steps). It
knows eight shapes in eight colours on nine backgrounds, and nothing else.

**Image tokens read as words here because training asked for it**: a loss on the last layer's lens,
which reaches the upper half of the decoder only, and another that keeps the words of questions and
answers out of the lens on the image tokens of layers 0 to {quiet}. What a report shows is a true
readout of this model. It is no evidence that models that were not trained so do the same.

Measured on {scenes} scenes and {singles} single objects that training never drew, in float32, by
`from_pretrained`, `LlavaProcessor`, `generate` and forward hooks
(`python scripts/train_demo_model.py --evaluate models/demo`); answers count if every letter is
right; layer 0 is the embeddings:

{table}

"Far off": more than one patch away from the object, where its words must not stand.
"""


def arguments(argv: list[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--output", type=Path, default=ROOT / "models" / "demo", help="where the model goes")
    add("--work", type=Path, default=ROOT / "outputs" / "demo_model", help="saved states, log")
    add("--evaluate", type=Path, metavar="FOLDER", help="only examine this saved model")
    add("--seed", type=int, default=0)
    add("--vision-steps", type=int, default=4000, help="of 16 scenes")
    add("--language-steps", type=int, default=6000, help="of 8 scenes, 12 questions each")
    add("--scenes", type=int, default=200, help="to examine on (0: do not)")
    add("--workers", type=int, choices=(0, 1), default=1, help="processes that draw scenes")
    add("--width", type=int, default=Sizes.width, help="of the model, a multiple of 32")
    add("--decoder-layers", type=int, default=Sizes.decoder_layers)
    add("--vision-layers", type=int, default=Sizes.vision_layers)
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> None:
    """Train, save, and say how good it is."""
    args = arguments(argv)
    torch.set_num_threads(1)  # on matrices this small, more threads wait for each other
    if args.evaluate:
        marks = examine(args.evaluate, range(HELD_OUT, HELD_OUT + args.scenes))
        print(marks.table(), *marks.wrong, sep="\n")
        return
    started = time.time()
    sizes = Sizes(
        width=args.width,
        decoder_layers=args.decoder_layers,
        decoder_hidden=3 * args.width,
        vision_layers=args.vision_layers,
    )
    state = State.fresh(args.seed, sizes, args.work)
    train_vision(state, args.vision_steps, workers=args.workers)
    train_language(state, args.language_steps, workers=args.workers)
    state.model.half().save_pretrained(args.output)
    build_processor(state.tokenizer).save_pretrained(args.output)
    state.say(f"saved {args.output} after {(time.time() - started) / 60:.0f} minutes")
    if args.scenes:
        write_card(args, state)


def write_card(args: argparse.Namespace, state: State) -> None:
    """Examine what was saved and write the figures beside it."""
    marks = examine(args.output, range(HELD_OUT, HELD_OUT + args.scenes))
    card = CARD.format(
        millions=sum(p.numel() for p in state.model.parameters()) / 1e6,
        seed=args.seed,
        vision=args.vision_steps,
        language=args.language_steps,
        quiet=args.decoder_layers // 2 - 1,
        scenes=args.scenes,
        singles=marks.singles,
        table=marks.table(),
    )
    (args.output / "README.md").write_text(card)
    state.say(marks.table())


if __name__ == "__main__":
    main()
