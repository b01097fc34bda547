"""Which of the visitor's tabs sent a request, as far as can be told from the requests alone.

A browser does not say. But a link names the page that it was on (Referer), a tab that waits for an
answer sends nothing else, and a form says which tab it is in (static/app.js; the mark lives in the
tab and in the journal, and in no cookie).
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from demoapp.lessons.inspector.journal import Trail


@dataclass
class Tab:
    number: int
    mark: str = ""
    page: str | None = None
    """What it shows."""
    shown: set[str] = field(default_factory=set)
    """What it has shown before."""
    awaits: str | None = None
    ended: float = 0.0

    def can_send(self, trail: Trail) -> bool:
        if self.mark and trail.mark:
            return self.mark == trail.mark
        return not trail.opens or trail.begun >= self.ended

    def sent(self, trail: Trail) -> bool:
        """Whether its page leads there. An address may be typed in any tab."""
        return trail.came_from in (None, self.page) or trail.here == self.awaits

    def went_back(self, trail: Trail) -> bool:
        """Whether it came from an earlier page. A tab without a mark cannot be told from others."""
        return bool(self.mark) and trail.came_from in self.shown

    def take(self, trail: Trail) -> None:
        self.mark = trail.mark or self.mark
        self.ended = max(self.ended, trail.ended)
        if trail.opens:
            self.awaits = trail.leads_to
            if trail.leads_to is None:
                self.page = trail.here
                self.shown.add(trail.here)


def tabs(trails: Iterable[Trail]) -> list[int]:
    """The number of each one's tab. The oldest comes first, and tab 1 is the oldest."""
    known: list[Tab] = []  # the one that was used last comes last
    numbers: list[int] = []
    before: list[Trail] = []
    for trail in trails:
        tab = _whose(trail, known[::-1]) or Tab(len(known) + 1, page=trail.came_from)
        if trail.mark and trail.came_from != tab.page:
            _set_right(numbers, before, trail, tab)
        tab.take(trail)
        known = [*(other for other in known if other is not tab), tab]
        numbers.append(tab.number)
        before.append(trail)
    return numbers


def _set_right(numbers: list[int], before: list[Trail], trail: Trail, tab: Tab) -> None:
    """The form tells the tab of its page, which may have been opened by a typed address."""
    for number, seen in reversed(list(enumerate(before))):
        if seen.opens and seen.here == trail.came_from and not seen.leads_to:
            if seen.came_from is None:
                numbers[number] = tab.number
            return


def _whose(trail: Trail, known: list[Tab]) -> Tab | None:
    able = [tab for tab in known if tab.can_send(trail)]
    by_mark = [tab for tab in able if trail.mark and tab.mark == trail.mark]
    by_page = [tab for tab in able if tab.sent(trail)]
    back = [tab for tab in able if tab.went_back(trail)]
    return next(iter([*by_mark, *by_page, *back]), None)
