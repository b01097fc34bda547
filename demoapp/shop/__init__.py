"""The tea house itself: catalogue, cart, accounts and orders."""
