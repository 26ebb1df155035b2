"""A server of the standard library as an endpoint that many ask at once."""

from __future__ import annotations

from http.server import ThreadingHTTPServer


class Server(ThreadingHTTPServer):
    """A server on which as many callers may wait to be taken as come at once.

    By itself it lets five wait. On a busy machine more do, and those beyond them try again after a
    second, when whoever asks may have given up.
    """

    request_queue_size = 1024
