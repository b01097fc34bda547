"""The four strategies compared and explained, and their costs measured."""
