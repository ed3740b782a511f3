"""Read a vision-language model's residual stream, patch by patch, layer by layer.

The pipeline, told once::

    image, question ── prompt.py ──► model inputs; answer.py appends what the model says
                       patches.py    image position → box on the original image
    model           ── vlm.py ─────► decoder layers, final norm, unembedding
                       residual.py ► resid  (layer, position, d_model), by forward hooks
                       lens.py ────► top-k, entropy, KL, tracked tokens  (layer, position, rank)
    result          ── record.py ──► LensRecord, kept as .npz
                       report.py ──► one self-contained HTML file

Everything up to ``lens.py`` speaks torch; nothing after it imports torch.
"""

__version__ = "1.0.0"


class LensError(Exception):
    """Something the user can mend. Its text is the one line that the command prints.

    Attributes:
        exit_code: 2 when an argument is at fault, 1 for everything else.
        for_all: whether every other image would fail in the same way.
    """

    def __init__(self, message: str, exit_code: int = 1, for_all: bool = False) -> None:
        """Say in one line what is wrong and what to do."""
        super().__init__(message)
        self.exit_code = exit_code
        self.for_all = for_all or exit_code == 2
