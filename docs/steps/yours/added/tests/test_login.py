from demoapp.sessions.database import sessions


def test_a_login_gives_a_new_id(testapp):
    testapp.get("/")  # counts, so a session begins
    before = testapp.cookies["session"]
    testapp.post("/login", {"name": "minji"})
    assert testapp.get("/me").text == "user: minji"
    assert testapp.cookies["session"] != before


def test_a_copied_cookie_is_void_after_the_logout(testapp):
    testapp.post("/login", {"name": "minji"})
    copied = testapp.cookies["session"]
    testapp.post("/logout")
    testapp.set_cookie("session", copied)
    assert testapp.get("/me").text == "user: None"


def test_nothing_is_left_by_the_tests_before(dbsession):
    assert dbsession.execute(sessions.select()).all() == []
