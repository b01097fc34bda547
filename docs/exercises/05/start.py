"""Exercise 5. Which of these logins resists session fixation, and keeps the guest's cart?

Write its letter into ANSWER.
"""

ANSWER = ""


def login_a(request):
    request.session["user"] = "minji"


def login_b(request):
    cart = request.session.get("cart")
    request.session.clear()
    request.session["cart"] = cart
    request.session["user"] = "minji"


def login_c(request):
    request.session.log_in("minji")
    request.session["user"] = "minji"


def login_d(request):
    request.session.new_csrf_token()
    request.session["user"] = "minji"
