"""The accounts to try, in a demonstration: `demoapp-init` makes them, the login page shows them."""

DEMO_NAMES = ("demo", "minji")
DEMO_PASSWORD = "pyramid tea house"  # noqa: S105 - no secret: it is on the login page
