"""Without a network the cache is asked at once."""

import os
import socket

import pytest

from logit_lens.model import environment
from logit_lens.model.environment import hub_answers, prepare_libraries


@pytest.fixture
def clean(monkeypatch):
    for name in ("HF_HUB_OFFLINE", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "HF_ENDPOINT"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv(name, "")  # so that what the test sets is undone too
        monkeypatch.delenv(name)
    return monkeypatch


def test_a_hub_that_listens_answers_and_one_that_does_not_does_not(clean):
    with socket.create_server(("127.0.0.1", 0)) as server:
        clean.setenv("HF_ENDPOINT", f"http://127.0.0.1:{server.getsockname()[1]}")
        assert hub_answers()
    assert not hub_answers()


def test_a_proxy_is_trusted_to_reach_the_hub(clean):
    clean.setenv("HF_ENDPOINT", "http://127.0.0.1:1")
    clean.setenv("HTTPS_PROXY", "http://127.0.0.1:2")
    assert hub_answers()


@pytest.mark.parametrize(("answers", "offline", "asked"), [(True, False, None), (False, False, "1"),
                                                           (True, True, "1")])  # fmt: skip
def test_the_hub_is_asked_only_when_it_is_there_and_wanted(clean, answers, offline, asked):
    clean.setattr(environment, "hub_answers", lambda: answers)
    prepare_libraries(quiet=True, offline=offline)
    assert os.environ.get("HF_HUB_OFFLINE") == asked


def test_what_the_user_has_set_stays(clean):
    clean.setenv("HF_HUB_OFFLINE", "0")
    prepare_libraries(quiet=True, offline=True)
    assert os.environ["HF_HUB_OFFLINE"] == "0"
