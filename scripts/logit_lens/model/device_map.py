"""What goes where, when one model is spread over several devices. Does not import torch.

>>> read_device_map('{"": 0, "lm_head": "cpu"}')
{'': 0, 'lm_head': 'cpu'}
"""

import json
from pathlib import Path

from .. import LensError

DeviceMap = str | dict[str, str | int]
"""The word auto, or modules and where each goes: a device's name, its number, "disk"."""


def read_device_map(spec: str) -> DeviceMap:
    """The word auto, or the map that a JSON text or a file of that name holds.

    Raises:
        LensError: it is none of these.
    """
    if spec == "auto":
        return spec
    try:
        text = spec if spec.lstrip().startswith("{") else Path(spec).read_text(encoding="utf-8")
        device_map = json.loads(text)
    except (OSError, ValueError) as error:
        raise LensError(
            f"--device-map: {spec!r} is neither auto, nor JSON, nor a file of JSON ({error})", 2
        ) from error
    if (
        not isinstance(device_map, dict)
        or not device_map
        or not all(map(_is_device, device_map.values()))
    ):
        raise LensError(
            '--device-map is not a map of modules to devices, such as {"": 0, "lm_head": "cpu"}', 2
        )
    return device_map


def _is_device(value: object) -> bool:
    return isinstance(value, str | int) and not isinstance(value, bool)
