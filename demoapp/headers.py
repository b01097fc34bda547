"""Security headers on every answer, errors and static files included (ASVS 3.4)."""

from typing import Any

from pyramid.tweens import EXCVIEW

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
        "connect-src 'self'; form-action 'self'; base-uri 'none'; object-src 'none'; "
        "frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}


def tween_factory(handler: Any, registry: Any) -> Any:
    def tween(request: Any) -> Any:
        response = handler(request)
        response.headers.update(HEADERS)
        if request.scheme == "https":
            response.headers["Strict-Transport-Security"] = "max-age=31536000"
        return response

    return tween


def includeme(config: Any) -> None:
    # over all that answers errors: exception views, and pyramid_tm when a commit fails
    config.add_tween("demoapp.headers.tween_factory", over=("pyramid_tm.tm_tween_factory", EXCVIEW))
