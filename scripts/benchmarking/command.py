"""The whole command as a process, against a minimal script that does the least of the same."""

import subprocess
import sys
import tempfile
import time
from pathlib import Path

from .measure import alternate, ratio, spread
from .naive import MINIMAL_SCRIPT
from .table import Row, Table

ROOT = Path(__file__).resolve().parents[2]
# what the command imports before it can load anything
IMPORTS = "import torch, transformers, accelerate"


def measure_command(repeat: int, new_tokens: int = 32) -> list[Table]:
    """The command against importing, loading and generating alone; then where its time goes.

    ``--demo`` runs the experiments and a further lens too; the lens alone is what the minimal
    script leaves out.
    """
    from logit_lens.files import write_atomically
    from logit_lens.page.report import render_report
    from logit_lens.reading.options import DEFAULT_PROMPT
    from logit_lens.record import load_record
    from logit_lens.resources import DEMO_IMAGE, DEMO_MODEL

    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder, "minimal.py")
        script.write_text(MINIMAL_SCRIPT)
        report = Path(folder, "report.html")
        program = ROOT / "scripts" / "create_logit_lens.py"
        options = ["--output", report, "--max-new-tokens", new_tokens]
        ours = [program, "--demo", *options]
        subject = ["--model", DEMO_MODEL, "--image", DEMO_IMAGE, "--prompt", DEFAULT_PROMPT]
        alone = [program, *subject, *options]
        minimal = [script, DEMO_MODEL, DEMO_IMAGE, DEFAULT_PROMPT, new_tokens]
        times = alternate(
            {
                "imports alone": lambda: _python("-c", IMPORTS),
                "minimal script": lambda: _python(*minimal),
                "ours, the lens alone": lambda: _python(*alone),
                "ours, --demo": lambda: _python(*ours),
            },
            repeat,
        )
        _python(*ours, "--save-data")
        record = load_record(report.with_suffix(".npz"))
        begin = time.perf_counter()
        page = render_report(record)
        rendered = time.perf_counter()
        write_atomically(report, page.encode())
        seconds = record.meta["seconds"] | {
            "render": rendered - begin,
            "write": time.perf_counter() - rendered,
        }
    rows: list[Row] = [
        {
            "command": name,
            "time": spread(values),
            "to minimal script": ratio(values, times["minimal script"]),
        }
        for name, values in times.items()
    ]
    return [
        Table("Command, whole processes", rows),
        _steps(seconds, spread(times["imports alone"])),
    ]


def _steps(seconds: dict[str, float], imports: object) -> Table:
    """Where the time goes, as the record of one run says."""
    rows: list[Row] = [{"step": "import", "time": imports}]
    rows += [{"step": name, "time": spread([value])} for name, value in seconds.items()]
    return Table("Steps of the command", rows, ["load to lens: as one run recorded them"])


def _python(*arguments: object) -> None:
    result = subprocess.run(
        [sys.executable, *map(str, arguments)], cwd=ROOT, capture_output=True, text=True
    )
    if result.returncode:
        raise RuntimeError(f"{arguments[0]} failed:\n{result.stderr.strip()}")
