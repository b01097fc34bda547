from visitor import SECRET, Visitor, same


def check(answer):
    app = answer.main({"session.strategy": "memory", "session.secret": SECRET})
    laptop, phone, seoyeon, guest = (Visitor(app) for _ in range(4))
    laptop.get("/login?user=minji&device=laptop")
    phone.get("/login?user=minji&device=phone")
    seoyeon.get("/login?user=seoyeon&device=tablet")
    lost = dict(line.split() for line in laptop.read("/devices").splitlines())["phone"]
    for stranger in (seoyeon, guest):
        stranger.get(f"/end?handle={lost}")
        same("the phone, after a stranger tried", devices(phone), ["laptop", "phone"])
    laptop.get(f"/end?handle={lost}")
    same("the laptop's list", devices(laptop), ["laptop"])
    same("the phone's list", devices(phone), [])
    same("somebody else's list", devices(seoyeon), ["tablet"])


def devices(visitor):
    return sorted(line.split()[0] for line in visitor.read("/devices").splitlines())
