"""A browser's cookies, for what plays one: the visits of the labs, the errands of the stage."""

from http.cookies import CookieError, SimpleCookie


def keep(cookies: dict[str, str], header: str) -> None:
    """What a browser does with a Set-Cookie."""
    try:
        sent = SimpleCookie(header)
    except CookieError:
        return
    for name, morsel in sent.items():
        if morsel["max-age"] == "0":
            cookies.pop(name, None)
        else:
            cookies[name] = morsel.value
