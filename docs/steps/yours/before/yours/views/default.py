from pyramid.view import view_config

from ..models import Note


@view_config(route_name="home", renderer="string")
def home(request):
    return f"notes: {request.dbsession.query(Note).count()}"
