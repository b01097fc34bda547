"""`make docs`: the course as a site, from the same files that the shop serves at /docs."""

import re
from pathlib import Path

from demoapp.lessons.docs.shelf import INDEX, shelf

project = "Pyramid Tea House"
author = project
extensions = ["myst_parser"]
myst_enable_extensions = ["colon_fence"]
myst_heading_anchors = 3
html_theme = "alabaster"
html_copy_source = False
html_show_copyright = False
SHOP = "http://localhost:6543"


def complete(app, docname, source):
    """What the shop does in another way: links into the shop, and the list of the pages."""
    source[0] = re.sub(r"\]\((?=/)", f"]({SHOP}", source[0])  # where `make serve` has it
    if docname == INDEX:
        names = [name for name in shelf(Path(app.srcdir).name) if name != INDEX]
        source[0] += "\n".join(["", "```{toctree}", ":maxdepth: 1", *names, "```", ""])


def setup(app):
    app.connect("source-read", complete)
