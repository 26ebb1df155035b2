"""Whom a TLS connection trusts: one context for every connection, made when the first needs it."""

from __future__ import annotations

import ssl
from collections.abc import Mapping

import certifi

from evalkit.core.errors import UsageError


def tls_context(environment: Mapping[str, str]) -> ssl.SSLContext:
    """Return a context that trusts what SSL_CERT_FILE and SSL_CERT_DIR name.

    Where neither is set, it trusts what this system trusts and what certifi lists: a container
    often has no list of its own, a company often has certificates that certifi does not know.

    Raises:
        UsageError: what they name cannot be read.
    """
    file, folder = environment.get("SSL_CERT_FILE"), environment.get("SSL_CERT_DIR")
    if file or folder:
        try:
            return ssl.create_default_context(cafile=file or None, capath=folder or None)
        except (OSError, ssl.SSLError) as error:
            named = f"SSL_CERT_FILE={file}" if file else f"SSL_CERT_DIR={folder}"
            raise UsageError(f"expected certificates at {named}, found none: {error}") from None
    context = ssl.create_default_context()
    context.load_verify_locations(cafile=certifi.where())
    return context
