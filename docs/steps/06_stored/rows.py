"""Print the rows that chapter 4 has left in its database."""

import sqlite3
from pathlib import Path

# 1
file = Path(__file__).parents[1] / "04_one_line/sessions.sqlite"
rows = sqlite3.connect(file).execute("SELECT * FROM session")
names = [column[0] for column in rows.description]
for row in rows:
    for name, value in zip(names, row, strict=True):
        print(f"{name:>10} {value}")
    print()
