"""The shop, with no try at a password left from the test before; and time that passes when told."""

from tests.shop_fixtures import _empty_redis as _empty_redis
from tests.shop_fixtures import pass_time as pass_time
