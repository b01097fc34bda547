"""A session that saves in a response callback, as many session packages do."""

import json
from uuid import uuid4

RECORDS = {}


# 1
class CallbackSession(dict):
    def __init__(self, request):
        known = request.cookies.get("session")
        self.id = known if known in RECORDS else uuid4().hex
        super().__init__(json.loads(RECORDS.get(self.id, "{}")))
        request.add_response_callback(self.save)

    def save(self, request, response):
        RECORDS[self.id] = json.dumps(self)
        response.set_cookie("session", self.id)

    # 2
    def flash(self, message):
        self["messages"] = [*self.get("messages", []), message]

    def pop_flash(self):
        return self.pop("messages", [])


def includeme(config):
    config.include("pyramid_tm")
    config.set_session_factory(CallbackSession)
