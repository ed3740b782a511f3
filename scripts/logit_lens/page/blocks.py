"""Arrays as the page gets them: coded, their bytes sorted, deflated, base64.

Numbers travel as *decimal codes*: 16 bits that hold a value rounded to 3 significant digits,
exactly as the page prints it (see `decimal_codes`). What the page shows is therefore the record
rounded once, never a rounding of a rounding; what is exported says so.

>>> array_block("kind", "uint8", record.position_kind)["type"]
'uint8'
"""

import numpy as np

from .inline import deflated

ZERO, UNKNOWN = 0, 0xFFFF
_LARGEST = 9.99e9  # stands for all that is larger: an infinite KL too
_LEAST_EXPONENT = -62  # 72 decades fit: 1e-62 .. 9.99e9


def decimal_codes(values: np.ndarray) -> np.ndarray:
    """Code non-negative numbers in 16 bits, rounded to 3 significant digits.

    Code ``1 + 900 (e + 62) + (m - 100)`` stands for ``m · 10^(e - 2)`` with 100 ≤ m ≤ 999: larger
    values have larger codes. 0 is zero (and whatever is below 1e-62), 65535 is NaN. The relative
    error is that of rounding to 3 digits, at most 0.5 %.
    """
    exact = np.minimum(values.astype(np.float64), _LARGEST)
    codes = np.full(exact.shape, ZERO, np.uint16)
    codes[np.isnan(exact)] = UNKNOWN
    some = exact >= 10.0**_LEAST_EXPONENT
    exponent = np.floor(np.log10(exact[some])).astype(np.int64)
    digits = np.rint(exact[some] * 10.0 ** (2 - exponent)).astype(np.int64)
    # log10 can miss a power of ten by an ulp, and 999.6 rounds up to the next decade
    exponent += (digits > 999).astype(np.int64) - (digits < 100)
    digits = np.where(digits > 999, 100, np.where(digits < 100, 999, digits))
    codes[some] = np.minimum(1 + 900 * (exponent - _LEAST_EXPONENT) + digits - 100, UNKNOWN - 1)
    return codes


def decimal_values(codes: np.ndarray) -> np.ndarray:
    """What decimal codes stand for, as float64."""
    exponent, digits = np.divmod(codes.astype(np.int64) - 1, 900)
    values = (digits + 100) * 10.0 ** (exponent + _LEAST_EXPONENT - 2)
    return np.select([codes == ZERO, codes == UNKNOWN], [0.0, np.nan], values)


def three_digits(values: np.ndarray) -> np.ndarray:
    """float32 rounded to 3 significant digits: numbers of either sign, which then deflate well."""
    exact = values.astype(np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        unit = 10.0 ** (2 - np.floor(np.log10(np.abs(exact))))
        rounded = np.rint(exact * unit) / unit
    return np.where(np.isfinite(unit), rounded, exact).astype(np.float32)


def array_block(name: str, dtype: str, array: np.ndarray) -> dict[str, str]:
    """An array in C order, its bytes sorted by significance (all low bytes, then the next …)."""
    little = np.ascontiguousarray(array).astype(np.dtype(dtype).newbyteorder("<"))
    planes = little.view(np.uint8).reshape(-1, little.itemsize).T
    return block(name, dtype, planes.tobytes())


def block(name: str, dtype: str, data: bytes) -> dict[str, str]:
    """Bytes of any kind."""
    return {"name": name, "type": dtype, "data": deflated(data)}
