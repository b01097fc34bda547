from types import SimpleNamespace

from visitor import Red, Visitor, ours, same, site


def check(answer):
    chosen = str(answer.ANSWER).strip().lower()
    if chosen not in ("a", "b", "c", "d"):
        raise Red(f"ANSWER = {answer.ANSWER!r}")

    def begin(request):
        request.session["cart"] = "tea"
        return ""

    def login(request):
        getattr(answer, f"login_{chosen}")(request)
        return look(request)

    def look(request):
        return f"{request.session.get('user')}, {request.session.get('cart')}"

    pages = SimpleNamespace(begin=begin, login=login, look=look)
    attacker = Visitor(site(ours, pages, "begin", "login", "look"))
    attacker.get("/begin")
    victim = Visitor(attacker.app, attacker.cookies)
    same("login: the victim is", victim.read("/login"), "minji, tea")
    seen = attacker.read("/look")
    if "minji" in seen:
        raise Red(f"login_{chosen}: the attacker is {seen!r}", hint=chosen)
