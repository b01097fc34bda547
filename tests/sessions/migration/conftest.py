"""The shop, as every test here asks for it."""

from tests.shop_fixtures import _empty_redis as _empty_redis
from tests.shop_fixtures import lasting_shop as lasting_shop
from tests.shop_fixtures import pass_time as pass_time
