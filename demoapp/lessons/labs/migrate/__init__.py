"""Another line in the ini file, with people logged in: what happens to their sessions?"""

from demoapp.lessons.labs.bench import Bench
from demoapp.lessons.labs.elsewhere import mark, seen_by_strategy
from demoapp.sessions.finding import Layer
from demoapp.sessions.migration.servers import MigratingStore
from demoapp.shop.strategies import NAMES

ACTIONS = {"mark": mark}
NEXT = {"": ("mark",), "mark": ()}
RAN = dict.fromkeys(NAMES, (Layer.look, MigratingStore.load))
observe = seen_by_strategy


def expected(bench: Bench) -> list[str] | None:
    """What the table says, unless the ini file tells the shop to read the old sessions too."""
    source = bench.request.registry["session.settings"].migrate_from
    return ["kept"] if source and source == bench.notes.get("strategy") else None
