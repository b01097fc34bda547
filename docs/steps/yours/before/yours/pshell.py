from . import models


def setup(env):
    request = env["request"]
    request.tm.begin()
    env.update(tm=request.tm, dbsession=request.dbsession, models=models)
