"""The shop, with no try at a password left from the test before."""

from tests.shop_fixtures import _empty_redis as _empty_redis
from tests.shop_fixtures import lasting_shop as lasting_shop
