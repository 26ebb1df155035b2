"""Users to try a mirror out with: each asks a few questions, and who answered them is counted.

Run as ``ask.py URL [USERS QUESTIONS]``; without numbers, 1,000 users ask one question each.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from http.client import HTTPConnection
from urllib.parse import urlsplit


def main() -> None:
    """Ask, and say how many answers came from whom."""
    url = sys.argv[1]
    users, questions = sys.argv[2:] if len(sys.argv) > 2 else ("1000", "1")
    address = urlsplit(url)
    connection = HTTPConnection(address.hostname or "", address.port, timeout=30)
    answers: Counter[str] = Counter()
    for user in range(int(users)):
        for question in range(int(questions)):
            text = f"Where is order {user * 31 + question}?"
            body = {"model": "desk", "messages": [{"role": "user", "content": text}]}
            headers = {"content-type": "application/json", "x-user-id": f"user-{user}"}
            connection.request("POST", "/v1/chat/completions", json.dumps(body), headers)
            response = connection.getresponse()
            response.read()
            name = response.getheader("x-answered-by", "the mirror itself")
            answers[f"{name}, {response.status}"] += 1
    for name, count in sorted(answers.items()):
        sys.stdout.write(f"{count:6} answers of {name}\n")


if __name__ == "__main__":
    main()
