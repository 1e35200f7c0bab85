"""A plugin of pytest: Chromium, and arenas whose pages are served."""

import arena_data
import browsing
import pytest

from gan.arena import store


@pytest.fixture(scope="module")
def browser():
    """Headless Chromium; of one module at a time, since playwright runs only once in a process."""
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    if not browsing.CHROMIUM:
        pytest.skip("there is no chromium on this machine")
    with playwright.sync_playwright() as running:
        browser = running.chromium.launch(executable_path=browsing.CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def page(browser):
    """A page of the size of a projector, in English."""
    with browsing.opened(browser) as page:
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
    with browsing.served(played, "--pace=0") as address:
        yield address


@pytest.fixture(scope="session")
def address_of_64(tmp_path_factory):
    """Where the page of a tournament of 64 teams is, with everything shown."""
    folder = str(tmp_path_factory.mktemp("sixty_four") / "arena")
    with store.Store(folder) as arena:
        arena_data.run(arena_data.play_tournament(arena, arena_data.many_names(64)))
    with browsing.served(folder, "--pace=0") as address:
        yield address
