"""What `manage.py doctor` asks about collectors."""

from datetime import datetime, timedelta

from apps.collectors import effective
from apps.collectors.models import CollectionJob, Collector
from apps.core import geography, health
from apps.core.health import Finding
from apps.core.jobs import JobState
from apps.devices import public_addresses

SILENCE = timedelta(days=7)


def silent_collectors(now: datetime) -> Finding:
    """Say how many collectors have not been heard of for a week."""
    silent = Collector.objects.active().silent_since(now - SILENCE)[:10_000].count()
    if silent:
        return Finding("warning", f"Collectors silent for over 7 days: {silent}.")
    return Finding("ok", "No collector has been silent for over 7 days.")


def failed_jobs(now: datetime) -> Finding:
    """Say whether a deletion or conversion stopped: what was to go is still there."""
    failed = CollectionJob.objects.filter(state=JobState.FAILED).count()
    if failed:
        return Finding(
            "warning", f"Deletions or conversions that failed: {failed}. Try them again."
        )
    return Finding("ok", "No deletion or conversion of collected data has failed.")


def address_files(now: datetime) -> Finding:
    """Say whether public addresses can be looked up where a configuration lets them be."""
    if problems := geography.problems():
        return Finding("warning", f"DEX_ADDRESS_FILES: {' '.join(problems)}")
    if geography.has_files():
        return Finding("ok", "The files of public addresses can be read.")
    if _are_addresses_told():
        return Finding(
            "warning",
            "The configuration lets devices be located by their public address, but no file says "
            "where addresses lie: name one of the .mmdb format in DEX_ADDRESS_FILES.",
        )
    return Finding("ok", "No configuration lets public addresses be looked up.")


def _are_addresses_told() -> bool:
    holding = effective.read()
    layers = [holding.instance, *holding.by_entity.values(), *holding.by_device.values()]
    values = [(layer or {}).get(public_addresses.SWITCH, "none") for layer in layers]
    return any(value != "none" for value in values)


health.register("collectors.silent", silent_collectors)
health.register("collectors.jobs", failed_jobs)
health.register("collectors.address_files", address_files)
