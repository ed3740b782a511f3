"""What all tests share."""

import os

# before any test imports transformers, as the command itself does: no bars, no network
os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
os.environ.setdefault("HF_HUB_OFFLINE", "1")
