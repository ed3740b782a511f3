"""The benchmark runs, at toy size, so that it cannot rot. Nothing here depends on a time."""

import dataclasses
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch

import benchmark
from benchmarking import count, growth, report
from benchmarking.count import Card, Counted, measure_counts
from benchmarking.folder import MadeUp
from benchmarking.lens import REACH, lens_methods, worst_ratios
from benchmarking.measure import (
    Bytes,
    Spread,
    alternate,
    extra_memory,
    fitted_exponent,
    ratio,
    significant,
    spread,
)
from benchmarking.naive import naive_page
from benchmarking.records import synthetic_record
from benchmarking.subjects import PRESETS, Subject, random_llava, random_subject
from benchmarking.table import Table
from logit_lens.page.index import render_index
from logit_lens.record import load_record

SMALL = ("--preset", "toy", "--repeat", "1", "--json", "-")


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    """What the benchmark found, through its own JSON."""
    assert benchmark.main([*arguments, *SMALL]) == 0
    return tables_in(capsys.readouterr().out)


def run_apart(*arguments: str) -> dict[str, Any]:
    """The same in a process of its own: a process holds one Playwright, which page tests have."""
    command = [sys.executable, benchmark.__file__, *arguments, *SMALL]
    return tables_in(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def tables_in(printed: str) -> dict[str, Any]:
    found = json.loads(printed)
    assert found["machine"]["torch"] == torch.__version__
    return {table["title"].split(",")[0]: table["rows"] for table in found["tables"]}


@pytest.fixture(scope="module")
def toy() -> Subject:
    return random_subject("toy", PRESETS["toy"], "cpu", torch.float32)


def test_lens_part_measures_every_method_beside_the_bare_products(
    capsys: pytest.CaptureFixture[str],
) -> None:
    tables = run(capsys)
    assert [row["lens"] for row in tables["Lens"]] == [
        "bare products",
        "ours, top-k",
        "ours, + entropy, KL",
        "ours, + 8 tracked",
        "ours, + 32 tracked",
        "ours, top-k and texts",
        "naive, top-k and texts",
    ]
    for row in tables["Lens"]:
        assert row["to bare products"]["median"] > 0
    assert len(tables["Forward"]) == 3
    assert list(tables)[0] == "Worst ratios"


def test_without_options_both_shapes_are_measured_with_one_thread_and_with_all(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    toy = PRESETS["toy"]
    for name in ("small", "narrow"):
        size = PRESETS[name]
        assert (size.d_model, size.vocab) in [(1024, 32_064), (576, 49_152)]
        monkeypatch.setitem(PRESETS, name, toy)
    threads = torch.get_num_threads()
    try:
        torch.set_num_threads(2)
        assert benchmark.main(["--repeat", "1", "--json", "-"]) == 0
    finally:
        torch.set_num_threads(threads)
    titles = [table["title"] for table in json.loads(capsys.readouterr().out)["tables"]]
    assert [title.partition(":")[0] for title in titles] == [
        "Worst ratios",
        "Lens, small, 1 thread",
        "Lens, small, 2 threads",
        "Lens, narrow, 1 thread",
        "Lens, narrow, 2 threads",
        "Forward, small",
        "Forward, narrow",
    ]


def test_the_worst_ratio_of_all_subjects_comes_first() -> None:
    def table(where: str, *ratios: float) -> Table:
        rows = [
            {"lens": name, "to bare products": spread([value], "×")}
            for name, value in zip(REACH, ratios, strict=True)
        ]
        return Table(f"Lens, {where}: sizes", rows)

    found = worst_ratios([table("small", 1, 2, 3, 4), table("narrow", 1.5, 1, 5, 3)]).rows
    assert [(row["lens"], row["to bare products"].median, row["on"]) for row in found] == [
        ("ours, + 8 tracked", 5, "narrow"),
        ("ours, + 32 tracked", 4, "small"),
        ("ours, + entropy, KL", 2, "small"),
        ("ours, top-k", 1.5, "narrow"),
    ]


def test_products_bytes_and_kernels_are_counted_from_shapes_alone() -> None:
    with torch.inference_mode(), Counted() as counted:
        a = torch.empty(6, 40, device="meta", dtype=torch.float16)
        b = torch.empty(70, 40, device="meta", dtype=torch.float16)
        product = torch.nn.functional.linear(a, b)  # 1
        _ = product.view(-1)[3:].float().float()  # 2: views and what changes nothing are free
        product.mul_(2)  # 3
        product.gather(1, torch.empty(6, 1, device="meta", dtype=torch.int64))  # 4
    assert counted.flop == 2 * 6 * 40 * 70
    assert counted.kernels == 4
    words = 6 * 70
    assert counted.moved == (
        2 * (6 * 40 + 70 * 40 + words)  # read two, write one
        + (words - 3) * (2 + 4)
        + words * (2 + 2)
        + 6 * (2 + 2 + 8)
    )


def test_count_part_says_what_a_card_is_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    tables = run(capsys, "--count", "--bandwidth", "1e-3", "--throughput", "1")
    rows = {row["stage"]: row for row in tables["Counted"]}
    size = PRESETS["toy"]
    positions = size.text + size.patches + count.ANSWER
    flop = 2 * (size.layers + 1) * positions * size.d_model * size.vocab
    products = rows["lens: bare products"]
    assert products["products"]["median"] == pytest.approx(flop / 1e12)
    assert products["kernels"] == size.layers + 1
    # a card so slow is bound by what is moved: GB over MB/s are thousands of seconds, in ms
    assert products["at least"]["median"] == pytest.approx(products["moved"]["median"] * 1e6)
    for row in rows.values():
        assert row["kernels"] > 0


def test_32_tracked_tokens_ask_for_no_more_kernels_than_8_and_read_no_more_logits() -> None:
    size = dataclasses.replace(PRESETS["toy"], vocab=32_064)
    rows = {row["stage"]: row for row in measure_counts("toy", size, Card(1, 1), 5).rows}
    none, few, many = (
        rows[f"lens: + {what}"] for what in ("entropy, KL", "8 tracked", "32 tracked")
    )
    assert many["kernels"] == few["kernels"]
    for_8, for_32 = (row["moved"].median - none["moved"].median for row in (few, many))
    assert for_32 < 1.2 * for_8


def test_a_real_checkpoint_can_be_measured(capsys: pytest.CaptureFixture[str]) -> None:
    tables = run(capsys, "--model", "models/demo")
    assert "Lens" in tables


def test_growth_part_fits_an_exponent_per_axis(capsys: pytest.CaptureFixture[str]) -> None:
    tables = run(capsys, "--growth")
    axes = {title.split()[2]: rows for title, rows in tables.items()}
    assert set(axes) == {"positions", "layers", "vocab", "k"}
    for rows in axes.values():
        assert float(rows[-1]["exponent"]) == pytest.approx(0, abs=100)


def test_promised_limits_of_memory_are_measured() -> None:
    table = growth.measure_limits(((growth.Point(20, 2, 300, 3, 8), 512),), "cpu")
    assert "512 MB" in table.text()


def test_growth_with_images_reads_each_of_them() -> None:
    from logit_lens.resources import DEMO_IMAGE, DEMO_MODEL

    table = growth.measure_images((1, 2), 1, DEMO_MODEL, DEMO_IMAGE)
    assert [row["size"] for row in table.rows] == [1, 2]


def test_report_part_asks_both_pages_the_same() -> None:
    if report.find_chromium() is None:
        pytest.skip("no Chromium")
    tables = run_apart("--report")
    page = {row["page"]: row for row in tables["Page in Chromium"]}
    for question in ("opens", "hover", "colour switch", "scroll: longest frame"):
        assert page[question]["ours"]["median"] > 0
        assert page[question]["naive"]["median"] > 0
    assert page["DOM nodes"]["ours"] > 0


def test_report_part_without_chromium_says_so(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(report, "find_chromium", lambda: None)
    assert benchmark.main(["--report", "--preset", "toy", "--repeat", "1"]) == 0
    assert "no Chromium found" in capsys.readouterr().out


@pytest.mark.slow
def test_command_part_times_whole_processes(capsys: pytest.CaptureFixture[str]) -> None:
    tables = run(capsys, "--command")
    assert [row["command"] for row in tables["Command"]] == [
        "imports alone",
        "minimal script",
        "ours, the lens alone",
        "ours, --demo",
    ]


def test_numbers_are_written_to_a_file_too(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "numbers.json"
    arguments = ["--growth", "--preset", "toy", "--repeat", "1", "--json", str(path)]
    assert benchmark.main(arguments) == 0
    assert "Growth with k" in capsys.readouterr().out
    assert json.loads(path.read_text())["tables"]


def test_the_experiments_are_measured_against_plain_forwards(capsys) -> None:
    arguments = ["--causal", "--preset", "toy", "--repeat", "1"]
    assert benchmark.main(arguments) == 0
    out = capsys.readouterr().out
    assert "ablate" in out and "plain batches" in out and "forward and lens" in out
    # a 7B model's batch stays within the gigabyte that is promised for it, and a little
    (batch,) = re.findall(r"16 bits: ([\d,]+) MB", out)
    assert int(batch.replace(",", "")) <= 1_100


def test_the_full_preset_has_the_shape_of_llava() -> None:
    model = random_llava(PRESETS["llava-1.5-7b"], "meta", torch.float16)
    assert model.lm_head.weight.shape == (32_064, 4096)
    assert len(model.get_decoder().layers) == 32
    assert 7.0e9 < sum(p.numel() for p in model.parameters()) < 7.1e9
    assert PRESETS["llava-1.5-7b"].patches == PRESETS["small"].patches == 576


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_models_can_be_measured(dtype: torch.dtype) -> None:
    subject = random_subject("toy", PRESETS["toy"], "cpu", dtype)
    with torch.inference_mode():
        for method in lens_methods(subject, 3).values():
            method()


def test_the_naive_lens_finds_what_ours_finds(toy: Subject) -> None:
    with torch.inference_mode():
        methods = lens_methods(toy, 3)
        ours: Any = methods["ours, top-k"]()
        naive: Any = methods["naive, top-k and texts"]()
    for layer, position in [(0, 0), (1, 5), (2, 11)]:
        texts = [toy.tokenizer.decode([i]) for i in ours.top_ids[layer, position]]
        assert [text for text, _ in naive[layer][position]] == texts
        probs = [prob for _, prob in naive[layer][position]]
        assert probs == pytest.approx(ours.top_probs[layer, position].tolist(), abs=1e-6)


def test_rounds_alternate_and_the_first_is_not_counted() -> None:
    order: list[str] = []
    times = alternate({"a": lambda: order.append("a"), "b": lambda: order.append("b")}, 2)
    assert order == ["a", "b"] * 3
    assert [len(values) for values in times.values()] == [2, 2]


def test_a_ratio_is_taken_within_each_round() -> None:
    # the machine was ten times slower in the second round
    assert ratio([2.0, 20.0, 3.0], [1.0, 10.0, 1.0]) == Spread(2.0, 2.0, 3.0, "×")


def test_numbers_are_printed_to_three_digits() -> None:
    assert [significant(x) for x in (0, 0.012345, 1.2345, 12.3, 1234.5)] == [
        "0",
        "0.0123",
        "1.23",
        "12.3",
        "1,234",
    ]
    assert str(spread([1.0, 2.0, 4.0])) == "2.00 s (1.00–4.00)"
    assert str(spread([1.0])) == "1.00 s"
    assert str(Bytes(512_000_000)) == "512 MB"


def test_the_exponent_of_proportional_growth_is_one() -> None:
    assert fitted_exponent([1, 10, 100], [3, 30, 300]) == pytest.approx(1)
    assert fitted_exponent([1, 10, 100], [3, 3, 3]) == pytest.approx(0)


def test_extra_memory_sees_what_a_run_holds() -> None:
    if not Path("/proc/self/clear_refs").exists():
        pytest.skip("only Linux lets a process reset its peak")
    found = extra_memory(lambda: torch.ones(50_000_000))
    assert found is not None
    assert 190e6 < found.value < 260e6


def test_a_table_lines_up_and_dashes_what_is_missing() -> None:
    text = Table("T", [{"name": "a", "n": 1000}, {"name": "bb", "n": None}], ["why"]).text()
    assert text.splitlines() == ["T", "  name       n", "  a      1,000", "  bb         –", "  why"]


def test_synthetic_records_hold_the_contract_at_any_size(tmp_path: Path) -> None:
    for size in [(1, 1, 1), (4, 30, 3), (33, 593, 5)]:
        record = synthetic_record(*size)
        assert record.top_ids.shape == size
        record.save(tmp_path / "record.npz")
        load_record(tmp_path / "record.npz")


def test_the_naive_page_cannot_be_broken_by_a_token() -> None:
    record = synthetic_record(2, 9, 2)
    record.token_text[0] = "</script>"
    assert naive_page(record).count("</script>") == 1


def test_folder_part_makes_opens_and_weighs_an_index() -> None:
    tables = run_apart("--folder", "30")
    rows = tables["Index of a folder"]
    assert [row["index of"] for row in rows] == [
        "3 new reports",
        "3 and one more",
        "30 new reports",
        "30 and one more",
    ]
    for row in rows:
        assert row["time"]["median"] > 0 and row["index.html"] > 10_000
        assert row["tables"] > 1000 and row["memory file"] > 10_000
    if report.find_chromium() is not None:
        views = [row["view"] for row in tables["It opens"]]
        assert views == ["reports", "statistics", "a word is typed"]


def test_what_each_report_adds_to_a_large_index_is_small(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Words and cut-outs are as many as there is room for; 10,000 reports must fit beside them."""
    monkeypatch.setattr("logit_lens.page.index.FEW", 0)
    reports, sizes = MadeUp(), []
    for first, last in ((0, 60), (60, 120)):
        for number in range(first, last):
            reports.write(tmp_path, number)
        page = re.sub(r"<script[^>]* (data-name|id)=.*?</script>", "", render_index(tmp_path))
        sizes.append(len(page))
    assert 100 < (sizes[1] - sizes[0]) / 60 < 1000
