"""What a page may do in a browser (Content Security Policy, level 3): run and load what stands in it, and ask us."""

import re
from base64 import b64encode
from hashlib import sha256
from typing import Final

_ANY_PAGE: Final = ("connect-src 'self'", "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'")
_INLINE: Final = "'unsafe-inline'"


def policy_of_built(*, makes_styles: bool) -> str:
    """The policy of a page that was built: what comes from where it came from, and nothing that is written into it.

    Nobody may frame it. `makes_styles` is for one whose scripts write style sheets, or HTML with styles in it.
    """
    return "; ".join(
        [
            "default-src 'none'",
            "script-src 'self'",
            "worker-src 'self'",
            f"style-src 'self'{' ' + _INLINE if makes_styles else ''}",
            "img-src 'self' data:",
            "font-src 'self' data:",
            *_ANY_PAGE,
        ]
    )


def policy_of(page: str) -> str:
    """The policy of a page from a CDN: its own scripts, by hash or address, its own style sheets."""
    inline = (
        b64encode(sha256(text.encode()).digest()).decode()
        for text in re.findall(r"<script>(.*?)</script>", page, re.DOTALL)
    )
    scripts = [f"'sha256-{digest}'" for digest in inline] + re.findall(r'<script[^>]*?\ssrc="(https:[^"]+)"', page)
    styles = re.findall(r'<link[^>]*?\srel="stylesheet"[^>]*?\shref="(https:[^"]+)"', page)
    return "; ".join(
        [
            "default-src 'none'",
            f"script-src {' '.join(scripts)}",
            f"style-src {_INLINE} {' '.join(styles)}",
            "img-src data:",
            "font-src data:",
            *_ANY_PAGE,
        ]
    )
