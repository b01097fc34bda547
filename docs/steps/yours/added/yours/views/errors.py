from pyramid.view import exception_view_config

from demoapp.sessions.interfaces import SessionEnded, SessionStoreUnavailable


@exception_view_config(SessionStoreUnavailable, renderer="string")
def unavailable(request):
    request.response.status_int = 503
    return "Please try again in a minute."


@exception_view_config(SessionEnded, renderer="string")
def ended(request):
    request.response.status_int = 409
    return "You were logged out meanwhile. Please reload the page."
