"""The labs that are there: every folder with a lab.toml in it."""

from collections.abc import Iterable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from demoapp.assets import digest
from demoapp.lessons.content import texts


@dataclass(frozen=True)
class Lab:
    """One folder; see this package's docstring for what is in it."""

    folder: Path

    @property
    def name(self) -> str:
        """Its name in its address."""
        return self.folder.name.replace("_", "-")

    @property
    def module(self) -> Any:
        """What it does."""
        return import_module(f"{__package__}.{self.folder.name}")

    @property
    def page(self) -> Path | None:
        """Its own template, if the common page is not enough."""
        page = self.folder / "page.pt"
        return page if page.exists() else None

    def address(self, request: Any, file: str) -> str | None:
        """Of a file that its page loads, with its content in the address, if there is one."""
        if not (path := self.folder / file).is_file():
            return None
        query = {"x": digest(path)}
        return str(request.route_path("lab_file", name=self.name, file=file, _query=query))

    def texts(self, locale: str) -> dict[str, Any]:
        return texts(self.folder / "lab.toml", locale)


def found(paths: Iterable[str]) -> dict[str, Lab]:
    """The labs by name, in the order of the page /labs. `paths` are those of this package."""
    labs = [Lab(file.parent) for path in paths for file in Path(path).glob("*/lab.toml")]
    labs.sort(key=lambda lab: (lab.texts("en")["order"], lab.name))
    return {lab.name: lab for lab in labs}
