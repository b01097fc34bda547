"""No try at a password is left from the test before."""

from tests.shop_fixtures import _empty_redis as _empty_redis
