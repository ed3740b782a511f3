"""What all tests share."""

import os

# before any test imports transformers, as the command itself does: no bars, no network
os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
os.environ.setdefault("HF_HUB_OFFLINE", "1")

import pytest  # noqa: E402

import create_logit_lens  # noqa: E402


@pytest.fixture
def command(tmp_path, monkeypatch, capsys):
    """Run the command in an empty folder; gives (exit code, stdout lines, stderr lines)."""
    monkeypatch.chdir(tmp_path)

    def run(*argv):
        try:
            code = create_logit_lens.main([str(a) for a in argv])
        except SystemExit as stop:
            code = stop.code
        out = capsys.readouterr()
        return code, out.out.splitlines(), out.err.splitlines()

    return run
