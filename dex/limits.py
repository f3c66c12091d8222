"""Every rate limit, in one table: counted in the shared cache, 429 with Retry-After."""

LIMITS: dict[str, str] = {}
