"""/docs: the course, in the visitor's language.

Its pages are the files docs/en/*.md and docs/ko/*.md, of which `make docs` makes a site as well.

- shelf.py      which pages there are, in their order
- markdown.py   one of them, from MyST Markdown to HTML; quoting.py and colours.py have its code
- views.py      the list, and a page
"""
