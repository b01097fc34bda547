from yours.models import Note


def test_the_first_page_counts_the_notes(testapp, dbsession):
    dbsession.add(Note(text="buy tea"))
    dbsession.flush()
    assert "notes: 1" in testapp.get("/")


def test_no_such_page(testapp):
    testapp.get("/no-such-page", status=404)
