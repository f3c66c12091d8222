"""Every rate limit, in one table: counted in the shared cache, 429 with Retry-After."""

LIMITS: dict[str, str] = {
    "sign_in.address": "10/min",  # per address, before any password is looked at
}
