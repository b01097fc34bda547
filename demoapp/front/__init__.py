"""What every request passes before and after the shop."""
