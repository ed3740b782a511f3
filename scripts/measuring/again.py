"""The same picture and question once more, for what a record does not hold.

Support of words that were not said, and drops of any sets of patches. The answer is greedy, so it
is the record's again. Knows models; does not know masks or measures.

>>> again = Again(vlm, picture, options, record.meta["tail"])
>>> again.drops(sets).shape      # (answer token, set)
(15, 9)
"""

from collections.abc import Collection, Sequence
from typing import Any

import numpy as np
import torch

from logit_lens.images import Picture
from logit_lens.model.vlm import VLM
from logit_lens.reading.answer import answer_prompt
from logit_lens.reading.causal.ablate import ablate, mean_patch
from logit_lens.reading.causal.rerun import DecoderCall
from logit_lens.reading.cells import Watch
from logit_lens.reading.lens import read_lens
from logit_lens.reading.options import ReadOptions
from logit_lens.reading.plain_tail import PlainTail
from logit_lens.reading.prompt import encode_prompt
from logit_lens.reading.residual import ResidualStream
from logit_lens.reading.support import control_ids
from logit_lens.reading.tail import ReplayTail
from logit_lens.tokens import display_texts
from logit_lens.tracking import tracked_token_ids

from .cases import Listed


class Again:
    """A picture, a question and the model's answer, ready to be asked more."""

    @torch.inference_mode()
    def __init__(self, vlm: VLM, picture: Picture, options: ReadOptions, tail: str) -> None:
        """Ask. ``tail`` is how the record says that states are read."""
        self._vlm, anatomy = vlm, vlm.anatomy
        prompt = encode_prompt(vlm, picture, options.prompt, options.raw_prompt)
        self._exchange = answer_prompt(vlm, prompt, options.max_new_tokens)
        plain = tail == "plain"
        self._tail = (
            PlainTail(anatomy.norm, anatomy.head)
            if plain
            else ReplayTail(vlm.model, anatomy.layers)
        )

    @torch.inference_mode()
    def drops(self, sets: np.ndarray) -> np.ndarray:
        """What each answer token loses when each set of patches becomes the image's mean.

        Args:
            sets: bool (set, image position).

        Returns:
            float32 (answer token, set), nats.
        """
        call = DecoderCall(self._vlm, self._tail, self._exchange)
        images = self._exchange.image_positions
        return ablate(call, images, sets, mean_patch(call, images))

    @torch.inference_mode()
    def support(self, listed: Sequence[Listed], said: Collection[str]) -> list[dict[str, Any]]:
        """The largest probability that any patch reads as each word, layer by layer.

        Args:
            listed: the words.
            said: the words of the answer: they are no controls, as in the report.

        Returns:
            per word that the vocabulary knows: ``kind``, ``word``, ``present``, ``layers`` (one
            number for each of 1..N−1), and ``percentile``, the share of control words whose largest
            over all of these layers stays below the word's.
        """
        tokenizer = self._vlm.tokenizer
        known = [(word, i) for word in listed if (i := stand_in(tokenizer, word.word)) is not None]
        out = {word.casefold() for word in said}
        controls = [control_ids(tokenizer, i, out | {word.word.casefold()}) for word, i in known]
        ids = list(dict.fromkeys([i for _, i in known] + [i for some in controls for i in some]))
        most = self._most(ids)  # (layer, id)
        column = {i: most[:, n] for n, i in enumerate(ids)}
        return [
            {
                "kind": word.kind,
                "word": word.word,
                "present": word.present,
                "layers": [float(f"{p:.4g}") for p in column[i]],
                "percentile": float(np.mean([column[c].max() < column[i].max() for c in others]))
                if others
                else None,
            }
            for (word, i), others in zip(known, controls, strict=True)
        ]

    def _most(self, ids: Sequence[int]) -> np.ndarray:
        """The largest probability of each token on any patch, (layer 1..N−1, id)."""
        exchange, n_positions = self._exchange, len(self._exchange.ids)
        numbers = list(range(1, self._vlm.n_layers))
        with ResidualStream(self._vlm.anatomy.layers, keep=numbers) as stream:
            self._vlm.model(**exchange.inputs, use_cache=False)
        return read_lens(
            self._tail,
            stream.states(n_positions),
            n_positions,
            top_k=1,
            statistics=False,
            watch=Watch(ids, exchange.image_positions),
        ).watched


def stand_in(tokenizer: Any, word: str) -> int | None:
    """The token that stands for a word in mid-sentence: its first piece, with the space before it.

    None where the vocabulary has no such piece.
    """
    ids = tracked_token_ids(tokenizer, [word])[word]
    texts = display_texts(tokenizer, ids)
    spaced = [i for i, text in zip(ids, texts, strict=True) if text[:1] in "▁Ġ"]
    found = spaced or ids
    return found[0] if found else None
