"""Writes the documentation as a site: `make docs`, or `python docs/site/build.py FOLDER`.

All pages are copied to one folder as they lie in the repository, the notebook beside them as a page. A warning of
Sphinx, such as a link that leads nowhere, is an error. Nothing is fetched, neither here nor by who looks at the site.
"""

import shutil
import sys
import tempfile
from pathlib import Path

from nbconvert import MarkdownExporter
from sphinx.cmd import build as sphinx

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent


def main(folder: str) -> int:
    """Writes the site to a folder and returns an exit code."""
    sys.path.insert(0, str(ROOT))
    with tempfile.TemporaryDirectory() as pages:
        collect(Path(pages))
        return sphinx.main(["-W", "--keep-going", "--quiet", "-b", "html", "-c", str(HERE), pages, folder])


def collect(pages: Path) -> None:
    """Copies all pages and pictures to a folder."""
    for page in ROOT.glob("*.md"):
        text = page.read_text(encoding="utf-8").replace("(docs/tour.ipynb)", "(docs/tour.md)")
        (pages / page.name).write_text(text, encoding="utf-8")
    for room in ("docs", "pics"):
        shutil.copytree(ROOT / room, pages / room, ignore=shutil.ignore_patterns("site", "*.ipynb"))
    shutil.copy(HERE / "index.md", pages)
    text, resources = MarkdownExporter().from_filename(str(ROOT / "docs" / "tour.ipynb"))
    # Cells that run commands are no Python.
    (pages / "docs" / "tour.md").write_text(text.replace("```python\n!", "```bash\n!"), encoding="utf-8")
    for name, content in resources["outputs"].items():
        (pages / "docs" / name).write_bytes(content)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("build.py: name the folder for the site, such as site")
    sys.exit(main(sys.argv[1]))
