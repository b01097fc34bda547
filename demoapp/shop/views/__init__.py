"""Views: they translate HTTP, call the shop, and return a dict or a redirect."""
