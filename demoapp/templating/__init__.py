"""Page templates: pyramid_chameleon's, but compiled by one thread at a time.

Left alone, threads that need a template for the first time compile it side by side. CPython 3.11
then fails in one of them with "SystemError: AST constructor recursion depth mismatch"
(python/cpython#106905), and the first visitors of a fresh process see an error page.
"""

import re
from threading import Lock
from typing import Any

from pyramid.decorator import reify
from pyramid_chameleon.renderer import template_renderer_factory
from pyramid_chameleon.zpt import PyramidPageTemplateFile, ZPTTemplateRenderer

from demoapp.templating.compiled import kept_beside

_compiling = Lock()


class Template(PyramidPageTemplateFile):
    """A template file. What it loads, as in `load: layout.pt`, is of this class, too."""

    def read(self) -> str:
        """Without indentation, which nobody is to be sent; a `<pre>` has none in our templates."""
        return re.sub(r"\n[ \t]+", "\n", super().read())

    def cook_check(self) -> bool:
        """Compile it if nobody has done so yet, or if the file has changed since."""
        with _compiling:
            compiled: bool = super().cook_check()
            return compiled


class TemplateRenderer(ZPTTemplateRenderer):
    @reify
    def template(self) -> Template:
        lookup = self.lookup
        return Template(
            self.path,
            auto_reload=lookup.auto_reload,
            debug=lookup.debug,
            translate=lookup.translate,
            macro=self.macro,
            **lookup.registry["templates.kept"],
        )


def renderer(info: Any) -> Any:
    return template_renderer_factory(info, TemplateRenderer)


def includeme(config: Any) -> None:
    config.registry["templates.kept"] = kept_beside(config.registry.get("ini_file"))
    config.include("pyramid_chameleon")
    config.add_renderer(".pt", renderer)
