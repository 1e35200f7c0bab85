"""The documentation as a site: built without a warning, with every page, and nothing that is fetched from elsewhere."""

import html.parser
import re
import subprocess
import sys
import urllib.parse

import pytest
from conftest import ROOT

from gan import __version__, api

pytest.importorskip("sphinx", reason="pip install 'gan-contest[docs]'")
pytest.importorskip("nbconvert", reason="pip install 'gan-contest[docs]'")

BUILD = ROOT / "docs" / "site" / "build.py"


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The site. A warning, such as a link that leads nowhere, would end the command."""
    folder = tmp_path_factory.mktemp("site")
    done = subprocess.run([sys.executable, BUILD, folder], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    return folder


class Tags(html.parser.HTMLParser):
    """What a page links to, what it loads, and its anchors."""

    def __init__(self, path):
        super().__init__()
        self.links, self.loads, self.anchors = [], [], set()
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        self.anchors.add(attributes.get("id"))
        if tag == "a" and attributes.get("href"):
            self.links.append(attributes["href"])
        elif tag in ("link", "script", "img", "iframe"):
            self.loads += [attributes[name] for name in ("href", "src") if attributes.get(name)]


def test_every_page_is_there_and_every_link_leads_somewhere(site):
    pages = {path: Tags(path) for path in site.rglob("*.html")}
    sources = [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")]
    assert [p for p in sources if site / p.relative_to(ROOT).with_suffix(".html") not in pages] == []
    assert (site / "docs" / "tour.html") in pages
    linked = 0
    for path, tags in pages.items():
        for link in tags.links + tags.loads:
            parts = urllib.parse.urlsplit(link)
            if parts.scheme:
                continue
            target = (path.parent / urllib.parse.unquote(parts.path)).resolve() if parts.path else path
            assert target.exists(), f"{path.name}: {link}"
            if parts.fragment and target in pages:
                assert urllib.parse.unquote(parts.fragment) in pages[target].anchors, f"{path.name}: {link}"
            linked += 1
    assert linked > 500


def test_nothing_is_fetched_from_elsewhere(site):
    for path in site.rglob("*.html"):
        assert [load for load in Tags(path).loads if urllib.parse.urlsplit(load).netloc] == [], path
    for path in site.rglob("*.css"):
        assert re.findall(r"(?:url\(|@import )['\"]?(?:https?:)?//", path.read_text(encoding="utf-8")) == [], path


def test_both_languages_and_the_docstrings_are_in_it(site):
    first = (site / "index.html").read_text(encoding="utf-8")
    assert f"GAN contest {__version__}" in first and "대회 규칙" in first
    reference = (site / "docs" / "api.html").read_text(encoding="utf-8")
    for name in set(api.__all__) - {"Sandbox", "UserError", "ContractError", "HostError"}:
        assert f'id="gan.api.{name}"' in reference, name
    assert "Plays a half round: 15 images" in reference


def test_both_languages_show_the_same_api():
    pages = [(ROOT / "docs" / name).read_text(encoding="utf-8") for name in ("api.md", "api.ko.md")]
    examples = [re.findall(r"^```python\n(.*?)^```", page, re.MULTILINE | re.DOTALL) for page in pages]
    assert examples[0] == examples[1] != []
    names = {f"ConfinedSnapshot.{name}" for name in ("generate", "discriminate", "check")} | set(api.__all__)
    shown = {name for name in names if f"`{name}(" in pages[1]}
    assert names - shown <= {"ConfinedSnapshot", "JudgedImages", "Sandbox", "UserError", "ContractError", "HostError"}
