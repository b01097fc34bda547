"""Exercise 4. A hundred teas in a cookie of 4 KB. `cart` names them in Korean, in their order."""

TEAS = {
    "sejak": "세작 — 곡우 무렵에 딴 어린잎",
    "jungjak": "중작 — 입하 전에 딴 잎",
    "omija": "오미자차 — 다섯 가지 맛",
    "yuja": "유자차 — 고흥 유자와 꿀",
    "boricha": "보리차 — 볶은 보리",
}


def put(request):
    name = TEAS[request.params["tea"]]
    request.session["cart"] = [*request.session.get("cart", []), name]
    return name


def cart(request):
    return "\n".join(request.session.get("cart", []))
