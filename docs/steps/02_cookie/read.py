"""What is in a session cookie. It takes no secret to read it."""

import base64
import sys

# 1
cookie = sys.argv[1]
signed = base64.urlsafe_b64decode(cookie + "==")
print(signed[64:].decode())  # the first 64 bytes are the signature
