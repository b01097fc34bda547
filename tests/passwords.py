"""Import this before the shop: a password is hashed in no time. Most tests log in, few care how."""

from argon2 import PasswordHasher

from demoapp.shop import security

REAL = security.HASHER
security.HASHER = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
security.NOBODY = security.HASHER.hash("nobody's password")
