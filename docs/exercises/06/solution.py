"""Exercise 6. Twelve requests add one each, at the same moment. All twelve count.

shelf.read() returns a version and a number. shelf.write(version, number) writes only if the
version is still that one, and returns whether it has.
"""


def add(shelf):
    written = False
    while not written:
        version, number = shelf.read()
        written = shelf.write(version, number + 1)
