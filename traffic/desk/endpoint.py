"""An endpoint to try things out with: it speaks OpenAI's chat format, and fails as often as it is told to.

Run as ``endpoint.py MODEL PORT [FAILURES]``; ``POST /fails`` with a number as its body is how often it fails from
then on. Whether a request fails depends on its content alone. The header ``x-answered-by`` names the model.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
from hashlib import sha256


class Endpoint:
    """One model behind an address."""

    def __init__(self, model: str, failures: float) -> None:
        self.model = model
        self.failures = failures

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer the requests of one connection, in order."""
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                lines = head.decode("latin-1").split("\r\n")
                headers = dict(line.lower().split(": ", 1) for line in lines[1:-2])
                body = await reader.readexactly(int(headers.get("content-length", "0")))
                writer.write(self.answer(lines[0].split(" ")[1], body))
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    def answer(self, target: str, body: bytes) -> bytes:
        """Return the bytes of an answer."""
        if target == "/fails":
            self.failures = float(body)
            return self.response(204, b"")
        drawn = int.from_bytes(sha256(self.model.encode() + body).digest()[:4]) / 2**32
        if drawn < self.failures:
            return self.response(500, b'{"error": {"message": "overloaded"}}')
        asked = json.loads(body)
        text = answer_to(asked["messages"][-1]["content"])
        if asked.get("stream"):
            return self.streamed(text)
        said = {
            "id": "chatcmpl-1",
            "object": "chat.completion",
            "model": self.model,
            "choices": [
                {
                    "index": 0,
                    "message": {"role": "assistant", "content": text},
                    "finish_reason": "stop",
                }
            ],
            "usage": {"prompt_tokens": 5, "completion_tokens": 5, "total_tokens": 10},
        }
        return self.response(200, json.dumps(said).encode())

    def streamed(self, text: str) -> bytes:
        """Return the bytes of an answer that comes word by word."""
        words = [
            {
                "model": self.model,
                "object": "chat.completion.chunk",
                "choices": [{"index": 0, "delta": {"content": word}}],
            }
            for word in re.findall(r"\S+\s*", text)
        ]
        last = {
            "model": self.model,
            "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}],
        }
        events = [*(json.dumps(event) for event in [*words, last]), "[DONE]"]
        body = "".join(f"data: {event}\n\n" for event in events)
        return self.response(200, body.encode(), "text/event-stream")

    def response(self, status: int, body: bytes, kind: str = "application/json") -> bytes:
        """Return the bytes of an answer that names its model."""
        head = (
            f"HTTP/1.1 {status} X\r\ncontent-type: {kind}\r\nx-answered-by: {self.model}\r\n"
            f"content-length: {len(body)}\r\n\r\n"
        )
        return head.encode() + body


def answer_to(question: str) -> str:
    """Return the answer to a question; what follows ``Say:`` is said."""
    _, told, text = question.partition("Say:")
    return text.strip() if told else "It is on its way."


async def main() -> None:
    """Serve until the end of the process."""
    model, port, failures = (*sys.argv[1:], "0")[:3]
    server = await asyncio.start_server(
        Endpoint(model, float(failures)).serve, "127.0.0.1", int(port)
    )
    sys.stdout.write(f"{model} listens at http://127.0.0.1:{port}\n")
    sys.stdout.flush()
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
