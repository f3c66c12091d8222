"""Pauses: an employee stops for a while what is measured about people on this device."""

from datetime import datetime, timedelta

from dex_collector.clock import from_text, to_text
from dex_collector.configuration import Configuration
from dex_collector.spool import Spool

SWITCH = "pause"
MEMORY = "pause"  # in the spool: {"until", "minutes", "is_told"}
MINUTES_MAXIMUM = 480
NOTICE = "That there is a gap, paused by user, is reported; it is never ranked."


class PauseRefused(ValueError):
    """It is not allowed, or too long; the message is a sentence."""


def begin(spool: Spool, configuration: Configuration, minutes: int, now: datetime) -> str:
    """Pause from now on; return a sentence for who asked.

    Raises:
        PauseRefused: see there.
    """
    if not configuration.is_on(SWITCH):
        raise PauseRefused("The configuration of this device allows no pause.")
    if not 1 <= minutes <= MINUTES_MAXIMUM:
        raise PauseRefused(f"A pause lasts 1 to {MINUTES_MAXIMUM} minutes.")
    until = to_text(now + timedelta(minutes=minutes))
    with spool.transaction():
        spool.write(MEMORY, {"until": until, "minutes": minutes, "is_told": False})
        widened_at = spool.read("widened_at", {})
        # What happens meanwhile is not told afterwards either.
        spool.write("widened_at", {**widened_at, "work_hours": until})
    return f"What is about people is not measured until {until}."


def is_paused(spool: Spool, configuration: Configuration, now: datetime) -> bool:
    """Return whether a pause holds; one that is not allowed any more ends."""
    return until(spool, configuration, now) is not None


def until(spool: Spool, configuration: Configuration, now: datetime) -> str | None:
    """Return when the pause ends that holds now; None where none does."""
    pause = spool.read(MEMORY)
    if pause is None or not configuration.is_on(SWITCH):
        return None
    left = from_text(pause["until"]) - now
    is_held = timedelta() < left <= timedelta(minutes=MINUTES_MAXIMUM)  # a clock set back ends it
    return str(pause["until"]) if is_held else None


def take_untold(spool: Spool) -> str | None:
    """Return what is to be told of a pause, once."""
    pause = spool.read(MEMORY)
    if pause is None or pause["is_told"]:
        return None
    spool.write(MEMORY, {**pause, "is_told": True})
    return f"paused by user, {pause['minutes']} min"
