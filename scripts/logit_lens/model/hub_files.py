"""The names of a repository's files on the hub.

>>> hub_files("stabilityai/stable-diffusion-2")
['model_index.json', …]
"""

from pathlib import Path

from huggingface_hub import HfApi, constants


def hub_files(hub_id: str, kind: str = "model") -> list[str]:
    """Names of its files: from the hub, or where that does not answer, of what is cached.

    Args:
        hub_id: the repository.
        kind: "model", "space" or "dataset".
    """
    try:
        return HfApi().list_repo_files(hub_id, repo_type=kind)
    except Exception:  # a network raises anything
        name = f"{kind}s--{hub_id.replace('/', '--')}"
        snapshots = Path(constants.HF_HUB_CACHE, name, "snapshots")
        files = (path for path in snapshots.glob("*/**/*") if path.is_file())
        return sorted({"/".join(path.relative_to(snapshots).parts[1:]) for path in files})
