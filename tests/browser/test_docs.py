"""A page of the course in a real browser: what docs.js adds to it."""

from collections.abc import Callable

from playwright.sync_api import expect

from tests.browser.conftest import Watched

PAGE = "/docs/your-application"


def test_what_is_copied_is_what_one_types(watched: Watched, serve: Callable[[str], str]) -> None:
    context = watched.context(serve("database"), viewport={"width": 1280, "height": 800})
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    page = context.new_page()
    page.goto(PAGE)
    block = page.locator(".code-box[data-language=console]").first
    block.get_by_role("button", name="Copy").click()
    expect(block.get_by_role("button", name="Copied")).to_be_visible()
    lines = page.evaluate("navigator.clipboard.readText()").split("\n")
    assert [line.split()[0] for line in lines][:2] == ["python3", "env/bin/pip"]
    edit = page.locator(".code-box[data-language=diff]").first
    edit.get_by_role("button", name="Copy").click()
    expect(edit.get_by_role("button", name="Copied")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == '    "demoapp==1.0.0",'
    seen = page.locator(".code-box[data-language=text]").first
    assert seen.get_by_role("button").count() == 0


def test_the_contents_stand_open_where_there_is_room(
    watched: Watched, serve: Callable[[str], str]
) -> None:
    for width, is_open in ((1280, True), (360, False)):
        page = watched.page(serve("database"), viewport={"width": width, "height": 800})
        page.goto(PAGE)
        link = page.locator(".doc-contents a").nth(3)
        assert link.is_visible() == is_open
        if not is_open:
            page.locator(".doc-contents summary").click()
        link.click()
        heading = page.locator(str(link.get_attribute("href")).replace("#", "[id='") + "']")
        expect(heading).to_be_in_viewport()


def test_the_worksheet_is_one_sheet_with_lines_to_write_on(
    watched: Watched, serve: Callable[[str], str]
) -> None:
    """Printed on both sides; the first ends where a section does."""
    for locale in ("en-US", "ko-KR"):
        page = watched.page(serve("database"), locale=locale)
        page.goto("/docs/worksheet")
        lines = page.locator(".blank")
        assert lines.count() > 12
        assert "__" not in page.locator("main").inner_text()
        mm = "14mm"
        sheet = page.pdf(format="A4", margin={"top": mm, "bottom": mm, "left": mm, "right": mm})
        assert sheet.count(b"/Type /Page\n") == 2
