#!/usr/bin/env bash
# Runs every test on a fresh machine: makes its own virtual environment, installs what is needed,
# finds or installs Chromium, then runs pytest (which runs the JavaScript tests too).
#
#   bash tests/run.sh            the tests
#   bash tests/run.sh --all      also those that take minutes
#   bash tests/run.sh -k patch   any further arguments go to pytest
set -euo pipefail
cd "$(dirname "$0")/.."

environment=${VENV:-.venv-tests}
marker="not slow"
if [ "${1:-}" = "--all" ]; then marker=""; shift; fi

step() { printf '\n== %s\n' "$*"; }
fail() { printf 'error: %s\n' "$*" >&2; exit 1; }
as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi; }

step "Python packages, in $environment"
python3 -c 'import sys; sys.exit(sys.version_info < (3, 10))' || fail "Python 3.10 or newer is needed"
[ -x "$environment/bin/python" ] || python3 -m venv "$environment"
"$environment/bin/python" -m pip install -q -r requirements.txt -r tests/requirements.txt

find_chromium() {
  for name in chromium chromium-browser google-chrome google-chrome-stable; do
    command -v "$name" && return
  done
  # one that Playwright downloaded earlier
  "$environment/bin/python" - <<'PYTHON'
import pathlib, sys
from playwright.sync_api import sync_playwright
with sync_playwright() as p:
    path = p.chromium.executable_path
sys.exit(0 if pathlib.Path(path).exists() and print(path) is None else 1)
PYTHON
}

step "A browser for the page tests"
if ! CHROMIUM=$(find_chromium); then
  if command -v apt-get >/dev/null; then
    (as_root apt-get update -qq && as_root apt-get install -y -qq chromium) >/dev/null 2>&1 || true
  fi
  find_chromium >/dev/null || "$environment/bin/python" -m playwright install chromium || true
  CHROMIUM=$(find_chromium) || fail "no Chromium: neither apt nor Playwright's download gave one; \
install chromium or google-chrome, then run this again"
fi
export CHROMIUM
echo "$CHROMIUM"

step "Tests"
# one process per core, each with one thread: torch's threads only wait for each other otherwise
export TOKENIZERS_PARALLELISM=false OMP_NUM_THREADS=1
"$environment/bin/python" -m pytest -n auto --dist worksteal ${marker:+-m "$marker"} "$@"
