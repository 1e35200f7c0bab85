"""A scoreboard on a free port, and its page in a browser."""

import contextlib
import re
import shutil

from conftest import start

PATIENCE = 30  # seconds until something that must happen is given up
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")

_EMOJI = re.compile("[\U0001f000-\U0001faff]")


def without_emoji(text):
    """A text without emoji, which the page leaves out if the browser has no font for them."""
    return " ".join(_EMOJI.sub(" ", text).split())


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
    left = [problem for problem in problems if failed not in problem]
    assert not left, left
