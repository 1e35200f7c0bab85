"""A scoreboard on a free port, and the page in a real browser if there is one: a plugin of pytest, for its fixtures."""

import contextlib
import re
import shutil

import arena_data
import pytest
from conftest import start

from gan.arena import store

PATIENCE = 30  # seconds until something that must happen is given up
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")


@contextlib.contextmanager
def served(folder, *flags):
    """A scoreboard on a free port: its address."""
    process = start("scoreboard", f"--arena_dir={folder}", "--port=0", *flags)
    try:
        line = process.stdout.readline()
        yield re.search(r"http://\S+/", line)[0]
    finally:
        process.kill()
        process.communicate()


@contextlib.contextmanager
def opened(browser, width=1920, height=1080, **options):
    """A page of this size in English; it fails if the page's scripts fail or break the policy.

    Args:
        browser: of playwright.
        width: in pixels; 1920 x 1080 is a projector, 390 x 844 a phone.
        height: in pixels.
        options: of browser.new_context.
    """
    context = browser.new_context(viewport={"width": width, "height": height}, **{"locale": "en-GB"} | options)
    page = context.new_page()
    page.set_default_timeout(PATIENCE * 1000)
    problems = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("console", lambda message: message.type == "error" and problems.append(message.text))
    yield page
    context.close()
    failed = "Failed to load resource"  # from a server that was stopped, or what is not there
    assert [problem for problem in problems if failed not in problem] == []


@pytest.fixture(scope="module")
def browser():
    """Headless Chromium; of one module at a time, since playwright runs only once in a process."""
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    if not CHROMIUM:
        pytest.skip("there is no chromium on this machine")
    with playwright.sync_playwright() as running:
        browser = running.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def page(browser):
    """A page of the size of a projector, in English."""
    with opened(browser) as page:
        yield page


@pytest.fixture(scope="session")
def played(tmp_path_factory):
    """The folder of an arena with a mock battle, a league and a tournament of 16; tests must not change it."""
    folder = str(tmp_path_factory.mktemp("played") / "arena")
    with store.Store(folder) as arena:
        arena_data.run(arena_data.play_league(arena, arena_data.NAMES[:2], "Mock 12:00", "mock"))
        arena_data.run(arena_data.play_league(arena, arena_data.NAMES[:4]))
        arena_data.run(arena_data.play_tournament(arena, arena_data.NAMES))
    return folder


@pytest.fixture(scope="session")
def address(played):
    """Where the page of `played` is, with everything shown."""
    with served(played, "--pace=0") as address:
        yield address


@pytest.fixture(scope="session")
def address_of_64(tmp_path_factory):
    """Where the page of a tournament of 64 teams is, with everything shown."""
    folder = str(tmp_path_factory.mktemp("sixty_four") / "arena")
    with store.Store(folder) as arena:
        arena_data.run(arena_data.play_tournament(arena, arena_data.many_names(64)))
    with served(folder, "--pace=0") as address:
        yield address
