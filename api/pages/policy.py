"""What a page may do in a browser (Content Security Policy, level 3): run and load what stands in it, and ask us."""

import re
from base64 import b64encode
from hashlib import sha256


def policy_of(page: str) -> str:
    """The policy of a page: its own scripts, by hash or address, its own style sheets, requests to where it came from.

    Nobody may frame it.
    """
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
            f"style-src 'unsafe-inline' {' '.join(styles)}",
            "img-src data:",
            "font-src data:",
            "connect-src 'self'",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
        ]
    )
