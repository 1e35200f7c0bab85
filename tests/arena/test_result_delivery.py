"""Files put into a folder where somebody else lays traps."""

import os

import pytest

from gan.arena import result_delivery
from gan.storage import files

pytest_plugins = ["cloud"]


@pytest.fixture
def source(tmp_path):
    (tmp_path / "source" / "half_round_0").mkdir(parents=True)
    (tmp_path / "source" / "half_round_0" / "overview.png").write_bytes(b"picture")
    (tmp_path / "source" / "index.html").write_text("page")
    return str(tmp_path / "source")


def test_files_arrive_and_are_renewed(source, tmp_path):
    for content in ("page", "newer"):
        with open(os.path.join(source, "index.html"), "w", encoding="utf-8") as file:
            file.write(content)
        result_delivery.deliver(source, str(tmp_path / "team"), "results/today")
        arrived = tmp_path / "team" / "results" / "today"
        assert (arrived / "index.html").read_text() == content
        assert (arrived / "half_round_0" / "overview.png").read_bytes() == b"picture"
        assert sorted(os.listdir(arrived)) == ["half_round_0", "index.html"]


def test_to_a_bucket(source, emulator, bucket):
    result_delivery.deliver(source, f"gs://{bucket}", "results/today")
    assert files.read(f"gs://{bucket}/results/today/index.html") == b"page"
    assert files.read(f"gs://{bucket}/results/today/half_round_0/overview.png") == b"picture"


def test_nothing_is_written_through_a_link(source, tmp_path):
    place, precious = tmp_path / "team" / "results" / "today", tmp_path / "arena.sqlite3"
    place.mkdir(parents=True)
    precious.write_text("precious")
    (place / "index.html").symlink_to(precious)
    result_delivery.deliver(source, str(tmp_path / "team"), "results/today")
    assert precious.read_text() == "precious" and (place / "index.html").read_text() == "page"
    assert not (place / "index.html").is_symlink()


@pytest.mark.parametrize("trap", ["results", "results/today", "results/today/half_round_0"])
def test_no_folder_is_reached_by_a_link(source, tmp_path, trap):
    (tmp_path / "elsewhere").mkdir()
    place = tmp_path / "team" / trap
    place.parent.mkdir(parents=True)
    place.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError):
        result_delivery.deliver(source, str(tmp_path / "team"), "results/today")
    assert os.listdir(tmp_path / "elsewhere") == []


def test_a_pipe_in_the_way_does_not_block(source, tmp_path):
    place = tmp_path / "team" / "results" / "today"
    place.mkdir(parents=True)
    os.mkfifo(place / "index.html")
    result_delivery.deliver(source, str(tmp_path / "team"), "results/today")
    assert (place / "index.html").read_text() == "page"
