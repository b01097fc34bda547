from itertools import cycle, islice

from visitor import Visitor, pyramids, same, site


def check(answer):
    visitor = Visitor(site(pyramids, answer, "put", "cart"))
    teas = list(islice(cycle(answer.TEAS), 100))
    for tea in teas:
        visitor.get(f"/put?tea={tea}")
    same("/cart", visitor.read("/cart").splitlines(), [answer.TEAS[tea] for tea in teas])
