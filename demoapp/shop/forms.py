"""Forms and fields: what is accepted, and what is said when it is not.

Labels and messages stay translation strings: Chameleon translates them where it shows them.
"""

import re
from collections.abc import Callable
from typing import Any

from pyramid.csrf import check_csrf_token
from pyramid.httpexceptions import HTTPBadRequest
from wtforms import Form, PasswordField, StringField, TextAreaField
from wtforms.validators import DataRequired, InputRequired, Length, Regexp, ValidationError

from demoapp.i18n import _
from demoapp.shop import text
from demoapp.shop.cart import MAX_QUANTITY

REQUIRED = _("Please fill in this field.")
PASSWORD = Length(min=8, max=1024, message=_("Use 8 to 1,024 characters."))
QUANTITY = _(
    "The quantity is a whole number of at most ${max} pieces.", mapping={"max": MAX_QUANTITY}
)
USERNAME = _("Use 2 to 40 letters, digits, dots, dashes or underscores.")


def at_most(characters: int) -> Length:
    """A limit; WTForms fills in ${max}, and the page's field gets a maxlength."""
    return Length(max=characters, message=_("Use at most ${max} characters."))


STALE = _(
    "You have logged in or out since this form was loaded, so nothing was done. It is up to date "
    "now: please send it again. If this comes back, let your browser keep cookies of this shop."
)


def local(request: Any, path: str, otherwise: str | None = None) -> str:
    """The path to go on to, if it is one of this site (ASVS 3.7.2); else the front page."""
    if re.fullmatch(r"/(?![/\\])[!-\[\]-~]*", path):
        return path
    return otherwise or f"{request.script_name}/"


def is_stale(request: Any) -> bool:
    """Whether a form holds no token of today. For views with `require_csrf=False`, which give the
    form back with what was typed; nothing else may come of it.
    """
    return not check_csrf_token(request, raises=False)


def refused(request: Any, error: str | None) -> str | None:
    request.response.status_int = 400
    return error


def too_many(request: Any, seconds: int) -> str:
    """The attempt is refused unseen (ASVS 6.3.1); what the page is to say."""
    request.response.status_int = 429
    request.response.headers["Retry-After"] = str(seconds)
    told: str = _(
        "Too many attempts. Please try again in ${minutes} min.",
        mapping={"minutes": -(-seconds // 60)},
    )
    return told


def one(request: Any, name: str, default: str = "") -> str:
    """A posted field; raises a 400 if it was sent twice."""
    values = request.POST.getall(name)
    if len(values) > 1:
        raise HTTPBadRequest(_("A field was sent twice."))
    return str(values[0]) if values else default


def quantity(request: Any, default: str, minimum: int) -> int:
    """A number of pieces in plain digits, or ValueError."""
    typed = one(request, "quantity", default)
    if not re.fullmatch(r"[0-9]{1,9}", typed) or not minimum <= int(typed) <= MAX_QUANTITY:
        raise ValueError(typed)
    return int(typed)


def text_only(form: Any, field: Any) -> None:
    if any(ord(c) < 32 and c not in "\r\n\t" for c in field.data or ""):
        raise ValidationError(_("Some of these characters cannot be used here."))


# Filters come first: a text is measured and kept as it is compared, whichever form it came by.
def username_field(*limits: Any, rules: str = "") -> StringField:
    needed = [DataRequired(REQUIRED), *limits]
    return StringField(_("Username"), needed, filters=[made(text.key)], description=rules)


def new_password_field(label: str) -> PasswordField:
    return PasswordField(
        label,
        [InputRequired(REQUIRED), PASSWORD],
        filters=[made(text.password)],
        description=PASSWORD.message,
    )


def made(change: Callable[[str], str]) -> Callable[[str | None], str | None]:
    """A filter; without a form there is no text."""
    return lambda typed: typed and change(typed)


class LoginForm(Form):
    username = username_field(at_most(40))
    password = PasswordField(_("Password"), [InputRequired(REQUIRED), at_most(1024)])


class RegisterForm(Form):
    username = username_field(
        Length(min=2, max=40, message=USERNAME),
        Regexp(rf"^(?:[^\W{text.FILLERS}]|[.-])+\Z", message=USERNAME),
        rules=USERNAME,
    )
    password = new_password_field(_("Password"))


class PasswordForm(Form):
    current = PasswordField(_("Current password"), [InputRequired(REQUIRED), at_most(1024)])
    new = new_password_field(_("New password"))


class CheckoutForm(Form):
    name = StringField(
        _("Name"),
        [DataRequired(REQUIRED), at_most(80), text_only],
        filters=[made(text.composed)],
    )
    address = TextAreaField(
        _("Address"),
        [DataRequired(REQUIRED), at_most(500), text_only],
        filters=[made(text.lines), made(text.composed)],
        render_kw={"rows": 3},
    )
