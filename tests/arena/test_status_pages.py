"""Statuses in teams' folders: what they say, when they are written again, and that nobody waits for them."""

import datetime
import json
import zoneinfo

import pytest

from gan.arena import status_pages
from gan.storage import buckets

pytest_plugins = ["cloud"]
SEOUL = zoneinfo.ZoneInfo("Asia/Seoul")


def status(minute=0, **changes):
    at = datetime.datetime(2026, 11, 23, 12, minute, tzinfo=SEOUL)
    told = status_pages.TeamStatus(
        team="<b>Foxes",
        looked=at,
        battle="mock 2026-11-23 12:00 KST",
        found=True,
        snapshot="model.ckpt-7",
        step=7,
        admitted=False,
        problems=["the collection p_for_data is missing"],
        remarks=[],
        matches=[status_pages.MatchTold("mock", "Owls", 16, 14, True, "points")],
        next_battle=datetime.datetime(2026, 11, 23, 14, tzinfo=SEOUL),
    )
    return told._replace(**changes)


def test_a_status_is_written_if_anything_but_the_look_changed(tmp_path):
    folder = tmp_path / "foxes" / "model"
    folder.mkdir(parents=True)
    file = tmp_path / "foxes" / "results" / "status.json"
    looked = []
    for pages, told in (
        (status_pages.StatusPages(), status()),
        (status_pages.StatusPages(), status(minute=5)),  # another process
        (status_pages.StatusPages(), status(minute=6, admitted=True, problems=[])),
    ):
        pages.write(str(folder), told)
        pages.wait()
        assert pages.take_failures() == []
        looked.append(json.loads(file.read_text())["looked"])
    assert looked == ["2026-11-23T12:00:00+09:00", "2026-11-23T12:00:00+09:00", "2026-11-23T12:06:00+09:00"]
    page = (tmp_path / "foxes" / "results" / "status.html").read_text()
    assert "&lt;b&gt;Foxes" in page and "2026-11-23 14:00 KST (UTC+09:00)" in page and "16 : 14 against Owls" in page
    assert "It may play" in page and str(tmp_path) not in page


def test_a_status_in_korean(tmp_path):
    folder = tmp_path / "foxes" / "model"
    folder.mkdir(parents=True)
    match = status_pages.MatchTold("mock", "한별", 15, 15, None, "equal points and time, a draw")
    told = status(problems_ko=["컬렉션이 없습니다"], remarks_ko=["배치를 봅니다"], matches=[match])
    pages = status_pages.StatusPages("ko")
    pages.write(str(folder), told)
    pages.wait()
    page = (tmp_path / "foxes" / "results" / "status.html").read_text()
    assert '<html lang="ko">' in page and "찾은 스냅샷: model.ckpt-7, 7스텝." in page and "참가할 수 없습니다" in page
    assert (
        "컬렉션이 없습니다" in page and "제출한 스냅샷에 대해: 배치를 봅니다" in page and "2026-11-23 14:00 KST" in page
    )
    assert "한별 상대로 15 : 15, 승자 없음(점수와 시간이 같아 무승부)" in page and "is missing" not in page
    kept = json.loads((tmp_path / "foxes" / "results" / "status.json").read_text())
    assert kept["problems"] == ["the collection p_for_data is missing"] and kept["problems_ko"] == told.problems_ko


def test_a_team_that_is_not_there_gets_no_folder(tmp_path):
    pages = status_pages.StatusPages()
    pages.write(str(tmp_path / "eve" / "model"), status(found=False))
    pages.wait()
    assert not (tmp_path / "eve").exists()


def test_a_folder_in_the_way_is_told_once(tmp_path):
    (tmp_path / "model").mkdir()
    (tmp_path / "results").write_text("in the way")
    pages = status_pages.StatusPages()
    pages.write(str(tmp_path / "model"), status())
    pages.wait()
    ((team, _),) = pages.take_failures()
    assert team == "<b>Foxes" and pages.take_failures() == []


def test_a_silent_bucket_keeps_nobody_waiting(emulator, faulty_bucket, monkeypatch):
    silent, proxy = faulty_bucket
    monkeypatch.setattr(buckets, "REQUEST_SECONDS", 1)
    monkeypatch.setattr(buckets, "RETRY_SECONDS", 1)
    other = emulator.new_bucket()
    proxy.keep_silent(f"/b/{silent}/")
    pages = status_pages.StatusPages()
    for minute in range(3):
        pages.write(f"gs://{silent}/model", status(minute))
    pages.write(f"gs://{other}/model", status())
    pages.wait(30)
    assert json.loads(emulator.read(other, "results/status.json"))["step"] == 7
    assert pages.take_failures()


@pytest.mark.parametrize("moment", ["looked", "next_battle"])
def test_times_carry_their_zone(moment):
    assert status().as_json()[moment].endswith("+09:00")
