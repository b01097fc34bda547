from pyramid.view import view_config


@view_config(route_name="login", request_method="POST", renderer="string")
def login(request):
    name = request.POST["name"]  # after you have compared the password
    request.session.log_in(name, request.user_agent or "")
    return f"user: {name}"


@view_config(route_name="logout", request_method="POST", renderer="string")
def logout(request):
    request.session.invalidate()
    return "user: None"


@view_config(route_name="me", renderer="string")
def me(request):
    return f"user: {request.session.owner}"
