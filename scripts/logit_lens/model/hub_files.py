"""The files of a model on the hub, asked when it turns out to have no configuration.

>>> hub_files("stabilityai/stable-diffusion-2")
['model_index.json', …]
"""

from pathlib import Path

from huggingface_hub import HfApi, constants


def hub_files(hub_id: str) -> list[str]:
    """Names of its files: from the hub, or where that does not answer, of what is cached."""
    try:
        return HfApi().list_repo_files(hub_id)
    except Exception:  # a network raises anything
        folder = Path(constants.HF_HUB_CACHE, f"models--{hub_id.replace('/', '--')}", "snapshots")
        return sorted({path.name for path in folder.glob("*/*")})
