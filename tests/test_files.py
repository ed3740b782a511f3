"""A file is there whole, or not at all."""

import os

import pytest

from logit_lens import LensError, files
from logit_lens.files import write_atomically


def test_a_missing_folder_is_made_and_nothing_else_is_left_in_it(tmp_path):
    path = tmp_path / "a" / "b" / "r.html"
    write_atomically(path, b"x" * 1000)
    assert path.read_bytes() == b"x" * 1000
    assert list(path.parent.iterdir()) == [path]


def test_a_written_file_has_the_rights_of_any_other_file(tmp_path):
    write_atomically(tmp_path / "r", b"")
    (tmp_path / "plain").touch()
    assert (tmp_path / "r").stat().st_mode == (tmp_path / "plain").stat().st_mode


def test_a_failed_write_keeps_the_old_file_and_leaves_no_temporary_one(tmp_path, monkeypatch):
    path = tmp_path / "r.html"
    path.write_bytes(b"old")

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(LensError, match=r"No space left on device \(2.0 MB are needed\)"):
        write_atomically(path, b"x" * 2_000_000)
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_an_interrupt_leaves_no_temporary_file(tmp_path, monkeypatch):
    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(files.os, "fsync", interrupt)
    with pytest.raises(KeyboardInterrupt):
        write_atomically(tmp_path / "r", b"x")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_in_the_way_is_named(tmp_path):
    with pytest.raises(LensError, match="is a folder"):
        write_atomically(tmp_path, b"x")


def test_a_file_where_a_folder_should_be_is_named(tmp_path):
    (tmp_path / "f").write_text("")
    with pytest.raises(LensError, match="cannot write"):
        write_atomically(tmp_path / "f" / "r.html", b"x")
