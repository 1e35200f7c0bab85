"""The page in a browser, with states that a test makes up by hand."""

import contextlib
import itertools

from page_server import Stream, served

WON = {"status": "done", "points": [26, 22], "judged": [30, 30], "winner": 1, "rule": "more points"}  # of a match


class Page:
    """A page that is open, whose states a test puts in one after another."""

    def __init__(self, page, stream):
        self.page, self._stream, self._names = page, stream, map("Cup {}".format, itertools.count())

    def put(self, given):
        """Sends a state."""
        self._stream.put(given)

    def show(self, given):
        """Has the page show a state; returns the page once it does."""
        name = next(self._names) if given.get("event") else None
        if name:
            given = {**given, "event": {**given["event"], "name": name}}
        self._stream.put(given)
        self.page.wait_for_function(
            "([name, view]) => (!name || document.title === name) && document.querySelector(`[data-view=${view}]`)",
            arg=[name, given["stage"]["view"]],
        )
        return self.page

    def text(self, selector):
        """The text of an element, as it is written."""
        return self.page.locator(selector).text_content().strip()


@contextlib.contextmanager
def opened(browser, query):
    """A Page; fails if a script or the policy failed, or if the page asked another server for anything."""
    problems, asked, stream = [], [], Stream()
    with served(stream) as address:
        context = browser.new_context(viewport={"width": 1920, "height": 1080}, color_scheme="dark")
        page = context.new_page()
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on("console", lambda message: message.type == "error" and problems.append(message.text))
        page.on("request", lambda request: asked.append(request.url))
        page.goto(address + query)
        yield Page(page, stream)
        context.close()
    assert not problems
    assert asked and all(url.startswith((address, "data:")) for url in asked)
