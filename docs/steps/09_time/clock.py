"""Visits at the seconds you name. Nobody waits: the clock is moved."""

import sys
from unittest import mock

import app
from pyramid.request import Request

# 1
START = 1_800_000_000


def visit(site, path, cookie, second):
    with mock.patch("time.time", lambda: START + second):
        answer = Request.blank(path, headers={"Cookie": cookie}).get_response(site)
    sent = answer.headers.get("Set-Cookie")
    print(f"{second:>6g}  {answer.text}{', new cookie' if sent else ''}")
    return sent.partition(";")[0] if sent else cookie


for sessions in app.pyramids, app.ours:
    print(sessions.__name__)
    site, cookie, path = app.main(sessions), "", "/begin"
    for second in sys.argv[1:]:
        cookie = visit(site, path, cookie, float(second))
        path = "/look"
