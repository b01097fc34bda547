"""Print what the store knows a session by: a digest of the id, keyed with the secret."""

import hmac
import sys

# 1
secret, session_id = b"for-this-lesson-only-0123456789abcdef", sys.argv[1]
print(hmac.digest(secret, f"id {session_id}".encode(), "sha256").hex())
