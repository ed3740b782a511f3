"""What ``fit_lens.py`` does, told top to bottom: samples, model, fit, file.

>>> fit_lens(build_parser().parse_args(["--kind", "tuned", "--scenes", "20", "--output", "lens"]))
"""

import argparse
import hashlib
import json
import sys
from typing import Any

import torch

from logit_lens import LensError, __version__
from logit_lens.command.fingerprint import model_identity
from logit_lens.files import refuse_unwritable, write_atomically
from logit_lens.model.vlm import VLM, load_vlm
from logit_lens.reading.lenses.load import load_lenses, unembedding_hash, width_of
from logit_lens.reading.lenses.ours import lens_bytes, read_ours

from .bar import Bar
from .checkpoint import Checkpoint
from .held_out import HeldOut
from .kinds import JacobianWork, TunedWork, jacobian_work, tuned_work
from .loop import Found, Plan, fit
from .outcome import Kept, keep_better, summary, table
from .readable import examine
from .samples import Sample, drawn_samples, folder_samples, split
from .states import Reader
from .team import Team

# what a fit depends on beside pictures, model and this program's version
_CHOICES = (
    *("kind", "prompt", "dtype", "max_new_tokens", "image_weight", "rank", "rounds", "batch"),
    *("rate", "skip_first", "held_out", "every", "patience", "seed"),
)


def fit_lens(options: argparse.Namespace) -> None:
    """Fit a lens and write it.

    Raises:
        LensError: pictures, model or place will not do; no layer gained anything.
    """
    refuse_unwritable(options.output)
    samples = (
        drawn_samples(options.scenes)
        if options.scenes
        else folder_samples(options.images, options.prompt)
    )
    settings = _settings(options, samples)
    if _is_finished(options, settings):
        return
    team = Team(on_cpu=options.device == "cpu")
    vlm = load_vlm(options.model, options.device, options.dtype, local_rank=team.local_rank)
    fitted, held = split(samples, options.held_out, options.seed)
    reader = Reader(vlm, options.image_weight, options.max_new_tokens)
    held_out = HeldOut(reader, held, team)
    logit = held_out.measure({})
    path = options.output.with_name(options.output.name + ".part")
    checkpoint = Checkpoint(path, settings, options.checkpoint)
    plan = Plan(options.rounds, options.batch, options.every, options.patience, options.seed)
    with Bar(options.rounds, hidden=options.quiet or not team.leads) as bar:
        found = fit(_work(options, reader), fitted, held_out, plan, team, checkpoint, bar.show)
    dtype = torch.float32 if vlm.dtype == torch.float32 else torch.float16
    kept = keep_better(found, held_out, logit, dtype)
    if not team.leads:
        return
    about = _about(options, vlm, samples, found, kept, settings)
    about["held_out"] = summary(logit, kept, len({sample.image for sample in held}))
    write_atomically(options.output, lens_bytes(options.kind, kept.translators, about))
    checkpoint.remove()
    print(table(logit, kept))
    print(options.output)


def examine_lens(options: argparse.Namespace) -> None:
    """Print what a lens is worth on drawn scenes.

    Raises:
        LensError: it is no lens of this model.
    """
    vlm = load_vlm(options.model, options.device, options.dtype)
    (lens,) = load_lenses(vlm, [options.examine])
    reader = Reader(vlm, options.image_weight, options.max_new_tokens)
    print(examine(reader, lens, options.scenes))


def _work(options: argparse.Namespace, reader: Reader) -> TunedWork | JacobianWork:
    if options.kind == "tuned":
        return tuned_work(reader, options.rank, options.rate, options.rounds, options.seed)
    return jacobian_work(reader, options.rank, options.skip_first)


def _settings(options: argparse.Namespace, samples: list[Sample]) -> str:
    """What makes two fits the same, as text."""
    chosen = {key: getattr(options, key) for key in _CHOICES}
    keys = hashlib.sha256("\0".join(sample.key for sample in samples).encode()).hexdigest()
    # the file and its checkpoint may lie beside the model; temporary names are cut to 40 letters
    model = model_identity(options.model, besides=options.output.name[:40])
    whole = chosen | {"samples": keys, "model": model, "version": __version__}
    return hashlib.sha256(json.dumps(whole, sort_keys=True).encode()).hexdigest()


def _is_finished(options: argparse.Namespace, settings: str) -> bool:
    """Whether the file is there already, of this very fit; says so.

    Raises:
        LensError: the file is there, and something else.
    """
    if options.overwrite or not options.output.exists():
        return False
    try:
        same = read_ours(options.output).about.get("settings") == settings
    except LensError:
        same = False
    if not same:
        raise LensError(
            f"{options.output} is there already, from another fit; name another --output, or say "
            "--overwrite"
        )
    print("finished already (--overwrite fits anew)", file=sys.stderr)
    print(options.output)
    return True


def _about(
    options: argparse.Namespace,
    vlm: VLM,
    samples: list[Sample],
    found: Found,
    kept: Kept,
    settings: str,
) -> dict[str, Any]:
    """What the file says of itself; nothing that two equal fits would not have in common."""
    images = len({sample.image for sample in samples})
    return {
        "model": vlm.name,
        "revision": vlm.revision,
        "d_model": width_of(vlm),
        "n_layers": vlm.n_layers,
        "unembedding": unembedding_hash(vlm.anatomy.head),
        "settings": settings,
        "fit": {key: getattr(options, key) for key in _CHOICES}
        | {"images": images, "drawn": bool(options.scenes), "rounds_made": found.rounds},
        "left_as_is": sorted(set(range(vlm.n_layers)) - set(kept.translators)),
    }
