from visitor import Visitor, same


def check(answer):
    app = answer.main()
    visitor = Visitor(app)
    for visit in (1, 2, 3):
        same("/", visitor.read("/"), f"visit {visit}")
    same("/, somebody else", Visitor(app).read("/"), "visit 1")
