"""Forms and fields: what is accepted, and what is said when it is not."""

import re
from typing import Any

from pyramid.httpexceptions import HTTPBadRequest
from wtforms import Form, PasswordField, StringField, TextAreaField
from wtforms.validators import InputRequired, Length, Regexp, ValidationError

from demoapp.i18n import _

REQUIRED = _("Please fill in this field.")
PASSWORD = Length(min=8, max=1024, message=_("Use 8 to 1,024 characters."))
USERNAME = _("Use 2 to 40 letters, digits, dots, dashes or underscores.")


# Labels and messages stay translation strings: Chameleon translates them where it shows them.
def at_most(characters: int) -> Length:
    """A limit; WTForms fills in ${max}, and the page's field gets a maxlength."""
    return Length(max=characters, message=_("Use at most ${max} characters."))


def one(request: Any, name: str, default: str = "") -> str:
    """A posted field; raises a 400 if it was sent twice or with characters no form sends."""
    values = request.POST.getall(name)
    if len(values) > 1:
        raise HTTPBadRequest(_("A field was sent twice."))
    value = values[0] if values else default
    if not isinstance(value, str) or "\0" in value:
        raise HTTPBadRequest(_("A field holds what no form sends."))
    return value


def quantity(request: Any, default: str, minimum: int) -> int:
    """A number of pieces in plain digits, or ValueError."""
    text = one(request, "quantity", default)
    if not re.fullmatch(r"[0-9]{1,3}", text) or int(text) < minimum:
        raise ValueError(text)
    return int(text)


def as_typed(text: str | None) -> str | None:
    """Line ends as the browser counts them for maxlength: it sends two characters for one."""
    return text.replace("\r\n", "\n") if text else text


def folded(text: str | None) -> str | None:
    """As a username is kept; measured like this, because it may be longer: ß becomes ss."""
    return text.casefold() if text else text


def text_only(form: Any, field: Any) -> None:
    if field.data and not field.data.strip():
        raise ValidationError(REQUIRED)
    if any(ord(c) < 32 and c not in "\r\n\t" for c in field.data or ""):
        raise ValidationError(_("This holds characters that cannot be used."))


class LoginForm(Form):
    username = StringField(_("Username"), [InputRequired(REQUIRED), at_most(40)])
    password = PasswordField(_("Password"), [InputRequired(REQUIRED), at_most(1024)])


class RegisterForm(Form):
    username = StringField(
        _("Username"),
        [
            InputRequired(REQUIRED),
            Length(min=2, max=40, message=USERNAME),
            Regexp(r"^[\w.-]+\Z", message=USERNAME),
        ],
        filters=[folded],
    )
    password = PasswordField(_("Password"), [InputRequired(REQUIRED), PASSWORD])


class PasswordForm(Form):
    current = PasswordField(_("Current password"), [InputRequired(REQUIRED), at_most(1024)])
    new = PasswordField(_("New password"), [InputRequired(REQUIRED), PASSWORD])


class CheckoutForm(Form):
    name = StringField(_("Name"), [InputRequired(REQUIRED), at_most(80), text_only])
    address = TextAreaField(
        _("Address"), [InputRequired(REQUIRED), at_most(500), text_only], filters=[as_typed]
    )
