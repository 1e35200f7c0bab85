"""How Sphinx makes the site; build.py calls it."""

from gan import __version__

project, version, release = "GAN contest", __version__, __version__
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
root_doc = "index"
source_suffix = {".md": "markdown"}
myst_heading_anchors = 4  # links to headings, with the anchors that GitHub makes
autodoc_member_order = "bysource"
napoleon_numpy_docstring = False
default_role = "code"  # what a docstring writes in single backticks
add_module_names = False
python_maximum_signature_line_length = 80
html_theme = "furo"
html_title = f"GAN contest {__version__}"
html_static_path, html_css_files = ["static"], ["korean.css"]
html_copy_source = False
html_show_copyright = html_show_sphinx = False
