#!/usr/bin/env bash
# Runs every test on a fresh machine: makes its own virtual environment, installs what is needed,
# finds or installs node and Chromium, then runs pytest (which runs the JavaScript tests too). Where
# there is a Firefox, or apt has one, what a page must do in every browser runs in it as well.
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
apt() {
  command -v apt-get >/dev/null || return 0
  (as_root apt-get update -qq && as_root apt-get install -y -qq "$@") >/dev/null 2>&1 || true
}

step "Python packages, in $environment"
python3 -c 'import sys; sys.exit(sys.version_info < (3, 10))' || fail "Python 3.10 or newer is needed"
[ -x "$environment/bin/python" ] || python3 -m venv "$environment"
"$environment/bin/python" -m pip install -q -r requirements.txt -r tests/requirements.txt

step "Node, and TypeScript to check the page's types"
command -v node >/dev/null && command -v npm >/dev/null || apt nodejs npm
command -v node >/dev/null && command -v npm >/dev/null \
  || fail "no node or npm, and apt gave none; install them (18 or newer), then run this again"
typescript=$(sed -n 's/.*"typescript": "\([^"]*\)".*/\1/p' tests/js/package.json)
grep -qs "\"version\": \"$typescript\"" "$environment/node_modules/typescript/package.json" \
  || npm install --silent --no-audit --no-fund --no-save --prefix "$environment" "typescript@$typescript"

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
  apt chromium
  find_chromium >/dev/null || "$environment/bin/python" -m playwright install chromium || true
  CHROMIUM=$(find_chromium) || fail "no Chromium: neither apt nor Playwright's download gave one; \
install chromium or google-chrome, then run this again"
fi
export CHROMIUM
echo "$CHROMIUM"

find_firefox() {
  for name in firefox-esr firefox; do
    # some systems have a script of that name which only offers to install one
    if "$name" --version 2>/dev/null | grep -q Mozilla; then command -v "$name"; return; fi
  done
  return 1
}

if [ $# = 0 ]; then # all tests
  firefox=$(find_firefox) || { apt firefox-esr; firefox=$(find_firefox) || true; }
  echo "${firefox:-no Firefox, and apt gave none: the page is tried in Chromium alone}"
fi

if [ -z "$marker" ]; then
  step "Real parts: a language model and four tokenizers"
  bash tests/real_parts.sh "$environment/parts" "$environment/bin/python" \
    || echo "the registries do not give them all: the tests that need the others are skipped"
fi

step "Tests"
# one process per core, each with one thread: torch's threads only wait for each other otherwise
export TOKENIZERS_PARALLELISM=false OMP_NUM_THREADS=1
status=0
"$environment/bin/python" -m pytest -n auto --dist worksteal ${marker:+-m "$marker"} "$@" || status=$?

if [ -n "${firefox:-}" ]; then
  step "The page in Firefox"
  FIREFOX=$firefox "$environment/bin/python" -m pytest -n auto -q -m every_browser tests/test_report_*.py || status=$?
fi
exit "$status"
