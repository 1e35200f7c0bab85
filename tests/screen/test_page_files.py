"""The files of the page: all there, all in the package, nothing from elsewhere, the libraries as they were fetched."""

import base64
import hashlib
import pathlib
import re

import pytest

from gan.screen import show

ROOT = pathlib.Path(__file__).parents[2]
OWN = [path for path in show.PAGE.rglob("*.js")]
INDEX = (show.PAGE / "index.html").read_text(encoding="utf-8")


def test_what_is_named_is_there():
    for name in re.findall(r'(?:src|href)="([^"]+\.(?:js|css))"', INDEX):
        assert (show.PAGE / name).is_file(), name
    for path in OWN:
        for name in re.findall(r'from "arena/([^"]+)"', path.read_text(encoding="utf-8")):
            assert (show.PAGE / name).is_file(), (path, name)
    styles = {f"styles/{path.name}" for path in (show.PAGE / "styles").iterdir()}
    assert styles == set(re.findall(r'href="(styles/[^"]+)"', INDEX))


def test_the_package_has_all_of_it():
    globs = re.findall(r'"(screen/page/[^"]+)"', (ROOT / "setup.py").read_text(encoding="utf-8"))
    packed = {path for glob in globs for path in (ROOT / "gan").glob(glob) if path.is_file()}
    assert packed == {path for path in show.PAGE.rglob("*") if path.is_file()}


@pytest.mark.parametrize("path", OWN, ids=lambda path: path.name)
def test_no_markup_of_texts_and_nothing_from_elsewhere(path):
    text = path.read_text(encoding="utf-8")
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|new Function", text)
    assert "https:" not in text and "http:" not in text.replace("http://www.w3.org/", "")


def test_nothing_is_inline_but_the_import_map():
    assert len(re.findall(r"<script(?![^>]*\bsrc=)", INDEX)) == 1
    assert not re.search(r"<style|\bon\w+=|https?://|style=", INDEX)


def test_libraries_have_versions_and_licences():
    vendor = show.PAGE / "vendor"
    versions = dict(line.split()[::2] for line in (vendor / "VERSIONS").read_text().splitlines())
    assert set(versions) == {"preact", "htm"}
    for package, integrity in versions.items():
        assert (vendor / f"LICENSE.{package}").is_file()
        assert len(base64.b64decode(integrity.removeprefix("sha512-"))) == hashlib.sha512().digest_size
