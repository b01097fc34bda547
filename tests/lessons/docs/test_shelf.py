"""The shelf is the folder docs/ of the repository."""

from pathlib import Path

from demoapp.lessons.docs.shelf import DOCS


def test_the_folder_is_that_of_the_repository() -> None:
    assert Path(__file__).resolve().parents[3] / "docs" == DOCS
