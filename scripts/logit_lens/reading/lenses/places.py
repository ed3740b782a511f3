"""What ``--lens`` names: a file, a folder, or a place on the hub. Does not import torch.

On the hub a lens may lie below a repository's top, and in a space too, as those of the package
tuned-lens do: ``AlignmentResearch/tuned-lens/lens/meta-llama/Llama-2-7b-hf``.

>>> find_lens("models/demo/lens.safetensors")
PosixPath('models/demo/lens.safetensors')
"""

import re
from pathlib import Path

from ... import LensError

_HUB_ID = re.compile(r"([\w][\w.-]*/[\w][\w.-]*)(?:/([\w./-]+))?", re.ASCII)
_ENDINGS = (".safetensors", ".pt", ".pth", ".bin")


def is_local(source: str) -> bool:
    """Whether a file or a folder of that name is here."""
    try:
        return Path(source).expanduser().exists()
    except OSError:  # too long for a name
        return False


def find_lens(source: str) -> Path:
    """The file or folder that a source stands for; fetched from the hub where it is not here.

    Raises:
        LensError: there is none.
    """
    if is_local(source):
        return Path(source).expanduser()
    match = _HUB_ID.fullmatch(source)
    if match is None:
        raise LensError(
            f"--lens: there is no file or folder {source}, and it is no hub id (owner/name) "
            "either; check the path",
            for_all=True,
        )
    return _from_hub(match[1], (match[2] or "").strip("/"), source)


def _from_hub(hub_id: str, inside: str, source: str) -> Path:
    from huggingface_hub import hf_hub_download

    from ...model.hub_files import hub_files

    for kind in ("model", "space"):
        wanted = _lens_files(hub_files(hub_id, kind), inside, source)
        try:
            paths = [Path(hf_hub_download(hub_id, name, repo_type=kind)) for name in wanted]
        except Exception:  # a network raises anything
            continue
        if paths:
            return paths[0] if len(paths) == 1 else paths[0].parent
    raise LensError(
        f"--lens: cannot find {source}: it is neither here nor cached, and the hub did not give "
        "it; check the name and the network",
        for_all=True,
    )


def _lens_files(names: list[str], inside: str, source: str) -> list[str]:
    """Those of a repository's files that are the lens: never the weights of a whole model."""
    if inside in names:
        return [inside]
    start = f"{inside}/" if inside else ""
    here = [n for n in names if n.startswith(start) and "/" not in n[len(start) :]]
    tuned = [start + "params.pt", start + "config.json"]
    if set(tuned) <= set(here):
        return tuned
    if any("/" not in n and n.startswith(("model.safetensors", "pytorch_model")) for n in here):
        raise LensError(f"--lens: {source} is a model, not a lens of one", for_all=True)
    found = [name for name in here if name.endswith(_ENDINGS)]
    if len(found) > 1:
        raise LensError(
            f"--lens: {source} holds {len(found)} files that could be a lens; name one: "
            f"{hub_of(source)}/{found[0]}",
            for_all=True,
        )
    return found


def hub_of(source: str) -> str:
    """The repository of a source on the hub."""
    return "/".join(source.split("/")[:2])
