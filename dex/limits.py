"""Every rate limit, in one table: counted in the shared cache, 429 with Retry-After."""

LIMITS: dict[str, str] = {
    # Addresses of IPv6 are counted by their /64.
    "sign_in.address": "10/min",  # failures per address; then no password is looked at
    "sign_in.login": "30/hour",  # failures per typed login, whether there is such an account or not
    "console.export": "30/hour",  # lists as files, per account
    "collector.enrol.address": "10/min",
    "collector.enrol.key": "600/min",  # per enrolment key
    "collector.enrol.previous": "5/day",  # new key pairs for which one collector vouches
    "collector.token": "6/min",  # per collector that the body names
    "collector.token.address": "600/min",  # a site behind one address
    "collector.check_in": "6/min",
    "collector.events": "30/min",
}
