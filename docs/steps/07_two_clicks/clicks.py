"""One visitor clicks twelve times at once."""

from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection


# 1
def get(path, cookie=""):
    connection = HTTPConnection("127.0.0.1", 6550)
    connection.request("GET", path, headers={"Cookie": cookie})
    answer = connection.getresponse()
    return answer.read().decode(), answer.getheader("Set-Cookie", "")


_, cookie = get("/add")  # the first click begins a session
with ThreadPoolExecutor(12) as twelve:
    list(twelve.map(get, ["/add"] * 12, [cookie] * 12))
text, _ = get("/look", cookie)
kept = int(text.removeprefix("clicks: ")) - 1
print(f"kept: {kept} of 12")
