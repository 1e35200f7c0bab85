"""Pieces of an HTML page that needs nothing else: no scripts, no files, no network. No TensorFlow.

What comes from outside goes through `text`. Colours only repeat what numbers say, in blue and orange, which
stay apart for every kind of colour vision, on light and on dark ground.
"""

import base64
import html

from gan.data import pixels

_STYLE = """
:root { color-scheme: light dark; --ground: #fff; --ink: #1a1d21; --soft: #59636e; --line: #d5dbe1; --card: #f4f6f8;
  --blue: 0, 98, 196; --orange: 214, 98, 0; }
@media (prefers-color-scheme: dark) { :root { --ground: #14171b; --ink: #e9ecef; --soft: #a2acb7; --line: #39414b;
  --card: #1d2228; --blue: 70, 150, 245; --orange: 245, 140, 50; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 70rem; padding: 1rem; background: var(--ground); color: var(--ink);
  font: 1rem/1.5 system-ui, sans-serif; }
h1 { font-size: 1.7rem; line-height: 1.2; overflow-wrap: anywhere; }
h2 { margin: 2.8rem 0 .6rem; padding-bottom: .2rem; border-bottom: 1px solid var(--line); overflow-wrap: anywhere; }
h3 { margin: 1.8rem 0 .3rem; font-size: 1.05rem; }
p, dd, li { max-width: 48rem; overflow-wrap: anywhere; }
a { color: inherit; }
nav a { display: inline-block; margin: 0 1rem .3rem 0; }
.soft, figcaption, summary { color: var(--soft); }
.note { color: var(--soft); font-size: .92rem; margin: .3rem 0 .8rem; }
.lead { font-size: 1.1rem; }
.warning { border-left: .3rem solid rgb(var(--orange)); padding-left: .8rem; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: .4rem .6rem; border: 1px solid var(--line); text-align: center; }
th { background: var(--card); font-weight: 600; min-width: 4.5rem; max-width: 12rem; overflow-wrap: break-word; }
tbody th { text-align: left; position: sticky; left: 0; }
td small, th small { display: block; font-size: .75rem; line-height: 1.3; font-weight: 400; white-space: nowrap; }
tr.apart > * { border-top: 2px solid var(--soft); }
.bar { display: block; height: .4rem; margin: .2rem 0; background: rgb(var(--blue)); border-radius: .25rem; }
.faces { display: grid; grid-template-columns: repeat(auto-fill, minmax(4.6rem, 6.4rem)); gap: .6rem; }
figure { margin: 0; }
figure img { width: 100%; height: auto; display: block; }
figcaption { font-size: .78rem; line-height: 1.3; text-align: center; }
.sheet, .chart { max-width: 100%; height: auto; display: block; }
.sheet { width: 46rem; }
.charts { display: flex; flex-wrap: wrap; gap: .6rem; }
.chart { width: 22rem; }
dl { font-size: .92rem; }
dt { font-weight: 600; margin-top: .5rem; }
dd { margin: 0 0 0 1rem; color: var(--soft); }
summary { cursor: pointer; margin: .8rem 0; }
"""
_STRONGEST = 0.55  # opacity of a cell's colour, with which its text is still easy to read


def document(title, parts):
    """A whole page of these parts, which are markup."""
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{text(title)}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n"
        + "\n".join(filter(None, parts))
        + "\n</body>\n</html>\n"
    )


def text(value):
    """Anything as text that is no markup."""
    return html.escape(str(value))


def paragraph(content, kind=None):
    """A paragraph of markup; kinds are "note", "lead" and "warning"."""
    return f'<p class="{kind}">{content}</p>' if kind else f"<p>{content}</p>"


def cell(content, small=(), share=None):
    """A cell of a table.

    Args:
        content: markup.
        small: lines of markup beneath.
        share: number in [0, 1] that colours the cell: blue above a half, orange below; None does not.
    """
    style = ""
    if share is not None:
        colour, strength = "blue" if share >= 0.5 else "orange", abs(share - 0.5) * 2 * _STRONGEST
        style = f' style="background: rgba(var(--{colour}), {strength:.2f})"'
    return f"<td{style}>{content}{''.join(f'<small>{line}</small>' for line in small)}</td>"


def table(head, rows, apart=None):
    """A table that scrolls where it is wider than the screen.

    Args:
        head: markup of the columns' names; the first is over the rows' names.
        rows: (name as markup, list of cells).
        apart: index of a row with a line above; None for none.
    """
    columns = "".join(f'<th scope="col">{name}</th>' for name in head)
    lines = [
        f'<tr{" class=apart" if index == apart else ""}><th scope="row">{name}</th>{"".join(cells)}</tr>'
        for index, (name, cells) in enumerate(rows)
    ]
    body = "\n".join(lines)
    return f'<div class="wide"><table>\n<thead><tr>{columns}</tr></thead>\n<tbody>\n{body}\n</tbody>\n</table></div>'


def terms(meanings):
    """A list of terms and what they mean: markup -> markup."""
    return f"<dl>{''.join(f'<dt>{term}</dt><dd>{meaning}</dd>' for term, meaning in meanings.items())}</dl>"


def folded(title, content):
    """Markup that is shown when its title is clicked."""
    return f"<details><summary>{title}</summary>{content}</details>"


def bar(share):
    """A bar as long as a share in [0, 1] of its cell."""
    return f'<span class="bar" style="width: {max(0.02, share):.0%}"></span>'


def sheet(images, what):
    """Many images as one picture: uint8 [N, size]; `what` says what they are."""
    columns = 10
    return _picture(pixels.png(pixels.grid(images, columns, gap=1, zoom=2)), "png", what, "sheet")


def chart(svg, what):
    """A drawing, as SVG text; `what` says what it shows."""
    return _picture(svg.encode(), "svg+xml", what, "chart")


def charts(drawings):
    """Drawings in a row that wraps; `drawings` are markup."""
    return f'<div class="charts">{"".join(drawings)}</div>'


def faces(figures):
    """A row of single images that wraps; `figures` are markup."""
    return f'<div class="faces">{"".join(figures)}</div>'


def face(images, caption, what):
    """One image, or several one below the other: uint8 [N, size]; `caption` is markup and `what` says what they are."""
    picture = _picture(pixels.png(pixels.grid(images, columns=1, gap=0, zoom=2)), "png", what)
    return f"<figure>{picture}<figcaption>{caption}</figcaption></figure>"


def _picture(content, kind, what, name=None):
    data = base64.b64encode(content).decode("ascii")
    of = f' class="{name}"' if name else ""
    return f'<img{of} alt="{text(what)}" src="data:image/{kind};base64,{data}">'
