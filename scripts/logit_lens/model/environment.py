"""What transformers and the hub are told before they are imported.

They print progress and retries on stderr, and without a network they try for forty seconds before
they look into their cache. Does not import them.

>>> prepare_libraries(quiet=True, offline=False)
"""

import logging
import os
import socket
import sys
from urllib.parse import urlsplit
from urllib.request import getproxies

_CONNECT_SECONDS = 3.0


def prepare_libraries(quiet: bool, offline: bool) -> None:
    """Keep stderr for this program's own words, and do not wait for a network that is not there.

    What the user has set in the environment is left as it is.

    Args:
        quiet: no progress bars either; they also need a terminal.
        offline: never ask the hub.
    """
    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
    os.environ.setdefault("HF_HUB_VERBOSITY", "error")
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    # they warn of what --device-map and --quantize were asked to do, the latter at every product
    for name in ("accelerate", "bitsandbytes"):
        logging.getLogger(name).setLevel(logging.ERROR)
    if quiet or not sys.stderr.isatty():
        os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
    if "HF_HUB_OFFLINE" not in os.environ and (offline or not hub_answers()):
        os.environ["HF_HUB_OFFLINE"] = "1"


def hub_answers() -> bool:
    """Whether the hub can be reached; a proxy is trusted to reach it."""
    if getproxies().keys() & {"https", "all"}:
        return True
    address = urlsplit(os.environ.get("HF_ENDPOINT", "https://huggingface.co"))
    port = address.port or (80 if address.scheme == "http" else 443)
    try:
        with socket.create_connection((address.hostname or "", port), _CONNECT_SECONDS):
            return True
    except OSError:
        return False
