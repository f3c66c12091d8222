"""systemd as far as the collector asks it. Source: org.freedesktop.systemd1(5)."""

from tests.fakes.bus import Service

PATH = "/org/freedesktop/systemd1"


class FakeSystemd(Service):
    """A machine that began to start; microseconds since its kernel did."""

    def __init__(
        self, address: str, *, firmware: int = 0, kernel: int = 1_772_431_200_000_000
    ) -> None:
        super().__init__(address, "org.freedesktop.systemd1")
        self.objects[PATH] = {
            "FirmwareTimestampMonotonic": ("t", firmware),
            "KernelTimestamp": ("t", kernel),
            "FinishTimestampMonotonic": ("t", 0),
        }

    def finish(self, after: int) -> None:
        """Have all started."""
        self.objects[PATH]["FinishTimestampMonotonic"] = ("t", after)
