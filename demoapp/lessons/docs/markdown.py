"""A page of the course, from MyST Markdown to HTML.

CommonMark and tables are markdown-it's. Of MyST the pages use three things: `{literalinclude}`,
which quotes a file that a test runs; `:::{note}`; and links from file to file. All else that is not
CommonMark is an error here, as it is for Sphinx.
"""

import re
from collections.abc import MutableMapping, Sequence
from html import escape
from pathlib import Path
from typing import Any, NamedTuple

from markdown_it import MarkdownIt
from markdown_it.token import Token
from mdit_py_plugins.anchors import anchors_plugin
from mdit_py_plugins.colon_fence import colon_fence_plugin
from mdit_py_plugins.front_matter import front_matter_plugin

from demoapp.lessons.docs.colours import coloured
from demoapp.lessons.docs.quoting import quoted
from demoapp.lessons.docs.shelf import DOCS, INDEX

Tokens = Sequence[Token]
Env = MutableMapping[str, Any]
INCLUDE = "{literalinclude}"
BLANK = re.compile("_{5,}")
BOXES = ("{note}", "{tip}")


class Heading(NamedTuple):
    id: str
    text: str


class Page(NamedTuple):
    title: str
    html: str
    headings: list[Heading]
    """The headings below the title, for the list beside the text."""
    changed: dict[Path, int]
    """The files that it was made of, and when each was written."""


_kept: dict[tuple[Path, str], Page] = {}


def page(file: Path, base: str) -> Page:
    """The page in `file`, for a shop below the path `base`; made anew if a file has changed."""
    known = _kept.get((file, base))
    if known is None or known.changed != {part: _written(part) for part in known.changed}:
        known = _kept[file, base] = _made(file, base)
    return known


def _written(file: Path) -> int | None:
    return file.stat().st_mtime_ns if file.exists() else None


def _made(file: Path, base: str) -> Page:
    env: Env = {"folder": file.parent, "base": base, "files": [file]}
    tokens = _reader.parse(file.read_text(encoding="utf-8"), env)
    start = next(n for n, token in enumerate(tokens) if token.type == "heading_open")
    headings = [
        Heading(str(token.attrGet("id")), _text(tokens[n + 1]))
        for n, token in enumerate(tokens)
        if token.type == "heading_open" and token.tag == "h2"
    ]
    title, rest = _text(tokens[start + 1]), tokens[start + 3 :]  # the template has the title
    html = _reader.renderer.render(rest, _reader.options, env)
    return Page(title, html, headings, {part: part.stat().st_mtime_ns for part in env["files"]})


def _text(inline: Token) -> str:
    return "".join(part.content for part in inline.children or ())


def address(target: str, base: str) -> str:
    """`other.md` leads to a page, `../img/x.svg` to a picture, and `/labs` into the shop."""
    path, hash_, part = target.partition("#")
    if "://" in target or not path:
        return target
    if path.startswith("/"):
        return base + target
    if path.startswith("../img/") and path.count("/") == 2:
        return f"{base}/docs/{path[3:]}"
    if path.endswith(".md") and "/" not in path:
        name = "" if path == f"{INDEX}.md" else f"/{path[:-3]}"
        return f"{base}/docs{name}{hash_}{part}"
    raise ValueError(f"a link to {target} leads nowhere")


# How each kind of token is written. markdown-it makes methods of them: `self` is the renderer.


def fence(self: Any, tokens: Tokens, n: int, options: Any, env: Env) -> str:
    token = tokens[n]
    kind, _, name = token.info.strip().partition(" ")
    if kind == INCLUDE:
        file = (env["folder"] / name.strip()).resolve()
        text, language = quoted(file, token.content)
        env["files"].append(file)
        label = f'<figcaption><code class="path">docs/{file.relative_to(DOCS)}</code></figcaption>'
        return f'<figure class="quoted">{label}{code(text, language)}</figure>\n'
    if kind.startswith("{"):
        raise ValueError(f"{kind} is not known here")
    return code(token.content, kind)


def code_block(self: Any, tokens: Tokens, n: int, options: Any, env: Env) -> str:
    return code(tokens[n].content, "")


def code(text: str, language: str) -> str:
    """A block of code. docs.js gives it a button to copy it, unless it is what a screen shows."""
    lines = coloured(text.rstrip("\n"), language).split("\n")
    if language == "console":  # who selects a command gets it without its prompt
        lines = [
            f'<span class="prompt">$ </span>{line[2:]}' if line.startswith("$ ") else line
            for line in lines
        ]
    kind = f' data-language="{escape(language)}"' if language else ""
    inner = "\n".join(lines)
    block = f'<pre class="code" tabindex="0"><code>{inner}</code></pre>'
    return f'<div class="code-box"{kind}>{block}</div>\n'


def colon_fence(self: Any, tokens: Tokens, n: int, options: Any, env: Env) -> str:
    token = tokens[n]
    if token.info.strip() not in BOXES:
        raise ValueError(f"{token.info} is not known here")
    return f'<div class="notice">{_reader.render(token.content, env)}</div>\n'


def text(self: Any, tokens: Tokens, n: int, options: Any, env: Env) -> str:
    """Underscores are a line to write on, which a worksheet has."""
    return BLANK.sub(_blank, escape(tokens[n].content, quote=False))


def _blank(line: re.Match[str]) -> str:
    kind = "blank whole" if len(line[0]) > 20 else "blank" if len(line[0]) > 10 else "blank short"
    return f'<span class="{kind}"></span>'


def link_open(self: Any, tokens: Tokens, n: int, options: Any, env: Env) -> str:
    tokens[n].attrSet("href", address(str(tokens[n].attrGet("href")), env["base"]))
    return str(self.renderToken(tokens, n, options, env))


def image(self: Any, tokens: Tokens, n: int, options: Any, env: Env) -> str:
    tokens[n].attrSet("src", address(str(tokens[n].attrGet("src")), env["base"]))
    return str(self.image(tokens, n, options, env))


def table_open(self: Any, tokens: Tokens, n: int, options: Any, env: Env) -> str:
    return '<div class="scroll" tabindex="0"><table class="data">\n'


def table_close(self: Any, tokens: Tokens, n: int, options: Any, env: Env) -> str:
    return "</table></div>\n"


def th_open(self: Any, tokens: Tokens, n: int, options: Any, env: Env) -> str:
    if not tokens[n + 1].content:  # the corner of a table heads nothing
        tokens[n].tag = tokens[n + 2].tag = "td"
    return td_open(self, tokens, n, options, env)


def td_open(self: Any, tokens: Tokens, n: int, options: Any, env: Env) -> str:
    style = tokens[n].attrs.pop("style", None)  # the Content-Security-Policy would drop it
    if style == "text-align:right":
        tokens[n].attrSet("class", "num")
    return str(self.renderToken(tokens, n, options, env))


def _make_reader() -> MarkdownIt:
    reader = MarkdownIt("commonmark", {"html": False, "typographer": True})
    reader.enable(["table", "smartquotes"])  # as Sphinx does
    reader.use(front_matter_plugin).use(colon_fence_plugin).use(anchors_plugin, max_level=3)
    for rule in (
        *(fence, code_block, colon_fence, text, link_open, image),
        *(table_open, table_close, th_open, td_open),
    ):
        reader.add_render_rule(rule.__name__, rule)
    return reader


_reader = _make_reader()
