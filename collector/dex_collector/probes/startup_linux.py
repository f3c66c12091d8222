"""How long the machine took to start, as systemd tells by D-Bus; no file says it."""

from pathlib import Path

from jeepney import DBusAddress

from dex_collector.bus import Bus, BusError, system_bus

FOLDER = "run/systemd/system"  # sd_booted(3): it exists where systemd is the first process
MANAGER = DBusAddress(
    "/org/freedesktop/systemd1", "org.freedesktop.systemd1", "org.freedesktop.systemd1.Manager"
)
FINISHED, FIRMWARE, KERNEL = (
    "FinishTimestampMonotonic",
    "FirmwareTimestampMonotonic",
    "KernelTimestamp",
)


def is_told(root: Path) -> bool:
    """Return whether there is a systemd that tells, perhaps later."""
    return (root / FOLDER).is_dir()


def read_duration_ms(root: Path) -> int | None:
    """Ask how long it took to have all started; None while it starts, and where nobody tells."""
    bus = Bus()
    try:
        bus.open(system_bus(root))
        finished, firmware, kernel = (
            bus.get(MANAGER, name) for name in (FINISHED, FIRMWARE, KERNEL)
        )
    except BusError:
        return None
    finally:
        bus.close()
    return duration_ms(finished, firmware, kernel)


def duration_ms(finished: int, firmware: int, kernel: int) -> int | None:
    """Return the time from power-on to the end of the startup.

    Source: org.freedesktop.systemd1(5), systemd-analyze(1): microseconds, `finished` since the
    kernel began and 0 until then, `firmware` before it and 0 where no UEFI tells. In a container
    no kernel began, so `kernel` is 0: its clock is that of the host.
    """
    if not finished or not kernel:
        return None
    return round((finished + firmware) / 1000)
