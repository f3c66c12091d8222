"""The request id goes along with a task to the worker."""

from contextlib import ExitStack
from typing import Any

from celery.signals import before_task_publish, task_postrun, task_prerun

from apps.core import request_id

HEADER = "dex_request_id"

_running: dict[str, ExitStack] = {}


@before_task_publish.connect(dispatch_uid="dex.request_id")
def hand_over(headers: dict[str, Any] | None = None, **_signal: Any) -> None:
    """Write the id of the work under way into the message."""
    if headers is not None and request_id.current():
        headers[HEADER] = request_id.current()


@task_prerun.connect(dispatch_uid="dex.request_id")
def begin(task_id: str, task: Any, **_signal: Any) -> None:
    """Give the task the id it was sent with; beat sends none, so it gets a new one."""
    handed_over = getattr(task.request, HEADER, None) or (task.request.headers or {}).get(HEADER)
    stack = ExitStack()
    stack.enter_context(request_id.bound(str(handed_over or "")))
    _running[task_id] = stack


@task_postrun.connect(dispatch_uid="dex.request_id")
def end(task_id: str, **_signal: Any) -> None:
    """Let go of it, however the task ended."""
    if stack := _running.pop(task_id, None):
        stack.close()
