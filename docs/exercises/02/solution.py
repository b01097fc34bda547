"""Exercise 2. One tea more in the cart, whatever session is behind it."""


def begin(request):
    request.session["cart"] = {"tea": 0}
    return "an empty cart"


def add(request):
    cart = request.session["cart"]
    request.session["cart"] = {**cart, "tea": cart["tea"] + 1}
    return "one more"


def look(request):
    return f"teas: {request.session['cart']['tea']}"
