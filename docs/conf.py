"""How Sphinx builds these pages: `sphinx-build -W docs docs/_build`."""

import re

from taylored import __version__

project = "taylored"
author = "the taylored authors"
copyright = "2026, the taylored authors"
release = version = __version__

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.mathjax",
    "sphinx.ext.napoleon",  # sections of docstrings: Args, Returns, Raises
]
napoleon_custom_sections = ["Numerical error", "Source"]
myst_enable_extensions = ["colon_fence", "dollarmath"]
myst_heading_anchors = 3
default_role = "code"  # `name` in a docstring is code, as in Markdown
autodoc_member_order = "bysource"
autodoc_typehints = "signature"

exclude_patterns = ["_build"]
html_theme = "furo"
html_title = f"taylored {release}"


def _formulas(app, what, name, subject, options, lines):
    """Keep |x| in a docstring as it is: reStructuredText takes it for a substitution."""
    lines[:] = [re.sub(r"\|(?=[^|`]+\|)", r"\\|", line) for line in lines]


def setup(app):
    """Called by Sphinx."""
    app.connect("autodoc-process-docstring", _formulas)
