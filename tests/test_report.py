import base64
import hashlib
import json
import os
import re
import zlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from markupsafe import Markup
from records import hostile_record, make_record

from benchmarking.naive import naive_page
from logit_lens.page import inline
from logit_lens.page.blocks import decimal_codes
from logit_lens.page.bundle import modules
from logit_lens.page.comparison import COMPARISON_SCRIPT, COMPARISON_STYLES
from logit_lens.page.inline import TEMPLATES, packed_script, script, source
from logit_lens.page.report import (
    LOADER,
    SCRIPT,
    STYLES,
    build_payload,
    render_report,
    write_report,
)
from logit_lens.record import LensRecord

GOLDEN = Path(__file__).parent / "golden"


def unpack(block: dict[str, str]) -> Any:
    data = zlib.decompress(base64.b64decode(block["data"]))
    if block["type"] == "json":
        return json.loads(data)
    dtype = np.dtype(block["type"]).newbyteorder("<")
    return np.frombuffer(data, np.uint8).reshape(dtype.itemsize, -1).T.copy().view(dtype).ravel()


def decode(codes: np.ndarray) -> np.ndarray:
    """What payload.js makes of decimal codes."""
    n = codes.astype(np.int64) - 1
    values = np.array(
        [float(f"{100 + m}e{e - 64}") for e, m in zip(n // 900, n % 900, strict=True)]
    )
    return np.where(codes == 0, 0.0, np.where(codes == 65535, np.nan, values))


def three_digits(values: np.ndarray) -> np.ndarray:
    return np.array([float(f"{value:.2e}") for value in values.ravel()])


def test_a_coded_number_is_the_record_rounded_once_to_three_digits() -> None:
    random = np.random.default_rng(0)
    values = np.concatenate(
        [
            (10.0 ** random.uniform(-44, 3, 20_000)).astype(np.float32),
            np.array([0, 1, 0.1, 0.001, 1e-7, 0.9994, 0.99951, 9.995e-5, 1e-45, 11.96], np.float32),
            np.array([1, 10, 100, 1000], np.float32) * np.float32(0.9999999),
        ]
    )
    shown = decode(decimal_codes(values))
    expected = three_digits(values.astype(np.float64))
    # a value that lies halfway to within float64 may go either way
    np.testing.assert_allclose(shown, expected, rtol=1e-12, atol=0)
    assert (np.abs(shown - expected) <= 0.005 * values.astype(np.float64)).all()


def test_codes_order_as_the_values_do_and_nan_stays_nan() -> None:
    values = np.sort(np.float32(10) ** np.random.default_rng(1).uniform(-40, 5, 5000).astype("f"))
    assert (np.diff(decimal_codes(values).astype(int)) >= 0).all()
    assert decimal_codes(np.array([np.nan, 0], np.float32))[0] == 65535
    assert decimal_codes(np.array([np.nan, 0], np.float32))[1] == 0


def test_the_payload_holds_the_whole_record() -> None:
    record = make_record()
    info, blocks = build_payload(record)
    data = {block["name"]: unpack(block) for block in blocks}
    assert (info["ranks"], info["positions"], len(info["layers"])) == (5, 25, 5)
    ids = data["token_id"]
    np.testing.assert_array_equal(ids[data["top"]], record.top_ids.ravel())
    np.testing.assert_array_equal(ids[data["input"]], record.input_ids)
    np.testing.assert_array_equal(ids[info["tracked"]], record.tracked_ids)
    assert [record.token(i) for i in ids] == data["token_text"]
    np.testing.assert_array_equal(decode(data["prob"]), three_digits(record.top_probs))
    np.testing.assert_array_equal(decode(data["entropy"]), three_digits(record.entropy))
    np.testing.assert_array_equal(decode(data["kl"]), three_digits(record.kl))
    np.testing.assert_array_equal(data["tracked_rank"], record.tracked_ranks.ravel())
    np.testing.assert_array_equal(decode(data["tracked_prob"]), three_digits(record.tracked_probs))
    np.testing.assert_array_equal(data["box"], record.patch_boxes.ravel())
    np.testing.assert_array_equal(data["patch_view"], record.patch_view)


def test_statistics_that_were_not_recorded_take_no_room() -> None:
    _, blocks = build_payload(make_record(statistics=False, tracked=0))
    assert not {"entropy", "kl", "tracked_prob", "tracked_rank"} & {b["name"] for b in blocks}


def test_more_than_65535_distinct_tokens_fit() -> None:
    count = 70_000
    record = make_record(vocabulary=count, layers=2)
    _, blocks = build_payload(record)
    types = {block["name"]: block["type"] for block in blocks}
    assert types["top"] == types["input"] == "uint32"


@pytest.mark.parametrize("record", [make_record(), hostile_record()], ids=["plain", "hostile"])
def test_nothing_in_the_record_becomes_markup(record: LensRecord) -> None:
    plain = render_report(make_record())
    page = render_report(record)

    def tags(html: str) -> list[str]:
        markup = re.sub(r"(<script[^>]*>).*?</script>", r"\1", html, flags=re.S)
        return [m[0] for m in re.findall(r"<(/?[a-z][a-z0-9-]*)((?=[\s/>]))", markup, flags=re.I)]

    assert tags(page) == tags(plain)
    assert "<script>window.hacked" not in page
    assert "\x00" not in page


def test_a_name_that_is_not_unicode_can_be_written(tmp_path: Path) -> None:
    record = make_record(meta={"prompt": "half a character: \udcff"})
    write_report(record, tmp_path / "report.html")
    assert "half a character: ?" in (tmp_path / "report.html").read_text(encoding="utf-8")


def test_the_page_asks_for_nothing_and_says_so() -> None:
    page = render_report(make_record())
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', page)
    assert policy is not None
    rules = policy[1].replace("&#39;", "'")
    assert rules.startswith("default-src 'none'; script-src 'sha256-")
    assert "unsafe" not in rules and "http" not in rules
    for tag in ("script", "style"):
        source = re.findall(rf"<{tag}(?: type=\"module\")?>(.*?)</{tag}>", page, flags=re.S)[-1]
        digest = base64.b64encode(hashlib.sha256(source.encode()).digest()).decode()
        assert f"sha256-{digest}" in rules
    # what the loader unpacks is the other script that may run
    packed = re.search(r'id="code">([^<]*)<', page)
    assert packed is not None
    code_hash = hashlib.sha256(zlib.decompress(base64.b64decode(packed[1]))).digest()
    assert f"sha256-{base64.b64encode(code_hash).decode()}" in rules
    assert rules.count("sha256-") == 3
    # nothing is loaded; the two names of XML dialects are identifiers, not addresses
    loaded = re.findall(r'(?:src|href)="(?!data:|#)[^"]*"', page)
    assert loaded == []
    addresses = set(re.findall(r"https?://[^\s\"'`<>)]+", page))
    assert {a for a in addresses if not a.startswith("http://www.w3.org/")} == set()


def test_no_source_file_can_end_its_own_element() -> None:
    for name in [
        *(TEMPLATES / style for style in (*STYLES, *COMPARISON_STYLES)),
        *(TEMPLATES / "js").rglob("*.js"),
    ]:
        source = name.read_text(encoding="utf-8")
        assert "</script" not in source.lower() and "</style" not in source.lower(), name
        assert "innerHTML" not in source and "insertAdjacentHTML" not in source, name
        assert len(source.splitlines()) <= 250, name


def test_every_script_is_imported_and_described() -> None:
    folder = TEMPLATES / "js"
    reached = {
        path for entry in (SCRIPT, LOADER, COMPARISON_SCRIPT) for path in modules(TEMPLATES / entry)
    }
    imported = sorted(path.relative_to(folder).as_posix() for path in reached)
    assert imported == sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.js"))
    readme = (TEMPLATES / "README.md").read_text(encoding="utf-8")
    assert [name for name in imported if f"`{name}`" not in readme] == []


def test_top_level_names_are_unique_across_scripts() -> None:
    seen: dict[str, str] = {}
    declaration = re.compile(
        r"^(?:export )?(?:async )?(?:const|let|var|function\*?|class) (\w+|\{[^}]*\})", re.M
    )
    for path in (TEMPLATES / "js").rglob("*.js"):
        for found in declaration.findall(path.read_text("utf-8")):
            for word in re.findall(r"\w+", found):
                assert word not in seen, f"{word} is in {seen[word]} and in {path}"
                seen[word] = str(path)


@pytest.mark.parametrize(
    ("check", "hidden"), [({"passed": False}, False), ({"passed": True}, True), ({}, True)]
)
def test_a_failed_check_is_a_banner(check: dict[str, Any], hidden: bool) -> None:
    record = make_record()
    meta = {**record.meta, "check": {"positions": 0, **check}}
    page = render_report(replace(record, meta=meta))
    banner = re.search(r'<div id="banner"[^>]*>', page)
    assert banner is not None
    assert ("hidden" in banner[0]) is hidden


def test_without_javascript_prompt_answer_and_picture_are_in_the_page() -> None:
    page = render_report(make_record())
    assert "What is in the middle?" in page and "a red circle" in page
    assert '<img id="picture"' in page and "<noscript>" in page


def test_the_page_is_small() -> None:
    record = make_record(layers=33, grid=(24, 24), text=17, answer=0, k=10, vocabulary=4000)
    cells = [
        [
            [[record.token(i), round(float(p), 5)] for i, p in zip(ids, probs, strict=True)]
            for ids, probs in zip(record.top_ids[layer], record.top_probs[layer], strict=True)
        ]
        for layer in range(33)
    ]
    plain = len(json.dumps(cells, ensure_ascii=False).encode())
    _, blocks = build_payload(record)
    # random ids and probabilities hardly compress; real ones take less
    assert sum(len(block["data"]) for block in blocks) < 0.27 * plain
    # the page's own source, which every report carries so that it needs nothing else
    own = len(source(*STYLES).encode()) + len(script(LOADER)) + len(packed_script(SCRIPT)[0])
    assert own < 179_000
    page = len(render_report(record).encode()) - len(record.image) * 4 / 3
    assert page < 0.13 * len(naive_page(record).encode())


def test_golden_report(monkeypatch: pytest.MonkeyPatch) -> None:
    """The frame of the page and its payload, for a small record; what panels bring stands aside."""
    for name in ("source", "script"):
        monkeypatch.setattr(inline, name, lambda *names: Markup("/* inlined */"))
    monkeypatch.setattr(inline, "packed_script", lambda name: ("…", "'sha256-…'"))
    record = make_record(layers=3, grid=(2, 2), text=4, answer=2, k=2, vocabulary=9, tracked=1)
    page = render_report(record)
    info, blocks = build_payload(record)
    for block in blocks:
        page = page.replace(block["data"], "…")
    page = re.sub(r"data:image/(png|jpeg|webp);base64,[^\"]*", r"data:image/\1;base64,…", page)
    page = re.sub(r"<template.*?</template>\n+", "", page, flags=re.S)
    page = re.sub(r"sha256-[^&]*", "sha256-…", page)
    payload = {
        "info": info,
        **{
            block["name"]: [None if value != value else value for value in unpack(block)]
            if block["type"] == "json"
            else json.loads(json.dumps(unpack(block).tolist()).replace("NaN", "null"))
            for block in blocks
        },
    }
    actual = {
        "report.html": page,
        "payload.json": "{\n"
        + ",\n".join(
            f" {json.dumps(key)}: {json.dumps(value, ensure_ascii=False)}"
            for key, value in payload.items()
        )
        + "\n}\n",
    }
    for name, text in actual.items():
        if os.environ.get("UPDATE_GOLDEN"):
            GOLDEN.mkdir(exist_ok=True)
            (GOLDEN / name).write_text(text, encoding="utf-8")
        assert text == (GOLDEN / name).read_text(encoding="utf-8"), (
            f"{name} changed. When that is meant: "
            "UPDATE_GOLDEN=1 python -m pytest tests/test_report.py -k golden, then look at git diff"
        )


def test_an_infinite_divergence_is_the_largest_code_not_a_small_number() -> None:
    codes = decimal_codes(np.array([np.inf, 5.0, np.nan], np.float32))
    assert codes[0] == decimal_codes(np.array([9.99e9]))[0] > codes[1]
    assert codes[2] == 0xFFFF
