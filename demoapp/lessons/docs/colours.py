"""The colours of code: what a piece of it is, as a class for docs.css, and no more than six."""

from html import escape
from itertools import groupby
from typing import Any

from pygments.lexers.configs import IniLexer, NginxConfLexer
from pygments.lexers.diff import DiffLexer
from pygments.lexers.python import PythonConsoleLexer, PythonLexer
from pygments.token import Comment, Generic, Keyword, Name, Operator, String

LEXERS = {
    "diff": DiffLexer,
    "ini": IniLexer,
    "nginx": NginxConfLexer,
    "pycon": PythonConsoleLexer,
    "python": PythonLexer,
}
CLASSES = {
    Comment: "comment",
    String: "string",
    Keyword: "keyword",
    Operator.Word: "keyword",
    Name.Function: "name",
    Name.Class: "name",
    Name.Decorator: "name",
    Generic.Inserted: "plus",
    Generic.Deleted: "minus",
}


def coloured(text: str, language: str) -> str:
    """The text as HTML. Most pieces stay as they are; all, if the language is not known."""
    if language not in LEXERS:
        return escape(text, quote=False)
    pieces = LEXERS[language](stripnl=False).get_tokens(text)
    found = ((_class(kind), value) for kind, value in pieces)
    html = "".join(
        _written(name, "".join(value for _, value in group))
        for name, group in groupby(found, key=lambda piece: piece[0])
    )
    return html.replace("\n</span>", "</span>\n").rstrip("\n")


def _class(kind: Any) -> str:
    return next((name for known, name in CLASSES.items() if kind in known), "")


def _written(name: str, text: str) -> str:
    html = escape(text, quote=False)
    return f'<span class="{name}">{html}</span>' if name else html
