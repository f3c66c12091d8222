"""Statements of the hot paths: prepared once per connection, run by libpq itself.

Django's cursor writes the parameters into the text, so that PostgreSQL parses and plans each time;
psycopg's waits for each answer in a loop of Python. For a statement that every batch runs either
costs more than the statement does. They stay prepared on the embedded server; on another one, which
a pooler may hide, they do not.
"""

import re
import select
from collections.abc import Iterable, Sequence
from itertools import chain, islice
from typing import Any

import psycopg
from django.db import connection
from psycopg import pq
from psycopg.adapt import PyFormat, Transformer
from psycopg.errors import error_from_result

Types = tuple[int, ...]  # OIDs

PARAMETER = re.compile(r"%\((\w+)\)s")
INT2, INT4, INT8 = 21, 23, 20
# psycopg takes the least type that holds a number, so that each size would be prepared anew.
WIDENED = {INT2: INT8, INT4: INT8}
KEPT_AS = "_dex_session"
GIVEN_UP = b"given up by the sender"
PIECE_BYTES = 100  # a header or trailer, which travels with its neighbour


class Statement:
    """A statement with parameters written as %(name)s; make one at import, run it often."""

    def __init__(self, text: str) -> None:
        found = PARAMETER.findall(text)
        self.names = tuple(dict.fromkeys(found))
        numbers = {name: f"${number}" for number, name in enumerate(self.names, start=1)}
        self.text = PARAMETER.sub(lambda match: numbers[match[1]], text).encode()

    def fetch_one(self, **parameters: Any) -> tuple[Any, ...] | None:
        """Run it in the open transaction, if any; return its first row.

        Raises Django's database errors, as its own cursor does.
        """
        client = _client()
        with connection.wrap_database_errors:
            session = _session(client)
            adapter = session.adapter
            values = adapter.dump_sequence(
                [parameters[name] for name in self.names], [PyFormat.TEXT] * len(self.names)
            )
            types = tuple(WIDENED.get(oid, oid) for oid in adapter.types or ())
            result = session.execute(self.text, values, types, begins=_must_begin(client))
            adapter.set_pgresult(result)
            return adapter.load_row(0, tuple) if result.ntuples else None


def copy_in(statement: bytes, chunks: Iterable[bytes]) -> None:
    """Run a COPY ... FROM STDIN in the open transaction, if any.

    Raises Django's database errors; whatever `chunks` raises, after the COPY was given up.
    """
    client = _client()
    pgconn = client.pgconn
    with connection.wrap_database_errors:
        if _must_begin(client):
            _checked(pgconn.exec_(b"BEGIN"), pq.ExecStatus.COMMAND_OK)
        pgconn.send_query(statement)
        stream = iter(chunks)
        try:
            first = b"".join(islice(stream, 2))  # made while the server opens the table
        except BaseException:
            _begin_copy(pgconn)
            _end_copy(pgconn, GIVEN_UP)
            raise
        _begin_copy(pgconn)
        try:
            for chunk in chain([first], stream):
                pgconn.put_copy_data(chunk)
                if len(chunk) > PIECE_BYTES:
                    pgconn.flush()  # the server reads while the next chunk is made
        except BaseException:
            _end_copy(pgconn, GIVEN_UP)
            raise
        for result in _end_copy(pgconn):
            _checked(result, pq.ExecStatus.COMMAND_OK)


def _client() -> psycopg.Connection[Any]:
    connection.ensure_connection()
    connection.validate_no_broken_transaction()
    client: psycopg.Connection[Any] = connection.connection
    return client


def _must_begin(client: psycopg.Connection[Any]) -> bool:
    """Return whether the transaction that Django promised is not yet open.

    psycopg too opens it before the first statement only.
    """
    is_idle = client.pgconn.transaction_status == pq.TransactionStatus.IDLE
    return is_idle and not client.autocommit


class _Session:
    """What is kept with one connection: its adapter, and the names of what it has prepared."""

    def __init__(self, client: psycopg.Connection[Any]) -> None:
        self.adapter = Transformer(client)
        self.pgconn = client.pgconn
        self.may_prepare = client.prepare_threshold is not None
        self.names: dict[tuple[bytes, Types], bytes] = {}

    def execute(
        self, statement: bytes, values: Sequence[Any], types: Types, *, begins: bool
    ) -> pq.abc.PGresult:
        """Run a statement; in one round trip with the BEGIN before it where `begins`."""
        if not self.may_prepare:
            if begins:
                _checked(self.pgconn.exec_(b"BEGIN"), pq.ExecStatus.COMMAND_OK)
            result = self.pgconn.exec_params(statement, values, types)
        elif begins:
            result = self._begin_and_execute(self._name(statement, types), values)
        else:
            result = self.pgconn.exec_prepared(self._name(statement, types), values)
        return _checked(result, pq.ExecStatus.TUPLES_OK)

    def _begin_and_execute(self, name: bytes, values: Sequence[Any]) -> pq.abc.PGresult:
        pgconn = self.pgconn
        pgconn.enter_pipeline_mode()
        try:
            pgconn.send_query_params(b"BEGIN", None)
            pgconn.send_query_prepared(name, values)
            pgconn.pipeline_sync()
            (begun,), (result,), _sync = _results(pgconn), _results(pgconn), _result(pgconn)
        finally:
            pgconn.exit_pipeline_mode()
        _checked(begun, pq.ExecStatus.COMMAND_OK)
        return result

    def _name(self, statement: bytes, types: Types) -> bytes:
        """Return the name of a prepared statement, preparing it where it is not yet."""
        name = self.names.get((statement, types))
        if name is None:
            name = b"dex_%d" % len(self.names)
            result = self.pgconn.prepare(name, statement, types)
            _checked(result, pq.ExecStatus.COMMAND_OK)
            self.names[statement, types] = name
        return name


def _session(client: psycopg.Connection[Any]) -> _Session:
    """Return what is kept with the connection, on itself: so it goes when the connection goes."""
    session: _Session | None = vars(client).get(KEPT_AS)
    if session is None:
        session = vars(client)[KEPT_AS] = _Session(client)
    return session


def _begin_copy(pgconn: pq.abc.PGconn) -> None:
    """Take the answer to a COPY that was sent."""
    result = _result(pgconn)
    if result is None or result.status != pq.ExecStatus.COPY_IN:
        ended = _results(pgconn)
        raise _error(result or ended[0])


def _end_copy(pgconn: pq.abc.PGconn, error: bytes | None = None) -> list[pq.abc.PGresult]:
    pgconn.put_copy_end(error)
    return _results(pgconn)


def _results(pgconn: pq.abc.PGconn) -> list[pq.abc.PGresult]:
    """Return the answers to one statement, all of them."""
    results = []
    while (result := _result(pgconn)) is not None:
        results.append(result)
    return results


def _result(pgconn: pq.abc.PGconn) -> pq.abc.PGresult | None:
    """Return the next answer; `get_result` alone stops all threads while it waits for one."""
    if pgconn.is_busy():
        _wait(pgconn)
    return pgconn.get_result()


def _wait(pgconn: pq.abc.PGconn) -> None:
    poll = select.poll()
    poll.register(pgconn.socket, select.POLLIN | select.POLLOUT)
    while pgconn.flush():
        if poll.poll()[0][1] & ~select.POLLOUT:
            pgconn.consume_input()
    poll.modify(pgconn.socket, select.POLLIN)
    while pgconn.is_busy():
        poll.poll()
        pgconn.consume_input()


def _checked(result: pq.abc.PGresult, expected: pq.ExecStatus) -> pq.abc.PGresult:
    if result.status != expected:
        raise _error(result)
    return result


def _error(result: pq.abc.PGresult) -> psycopg.Error:
    is_ours = result.error_field(pq.DiagnosticField.SQLSTATE) is None
    if is_ours and result.status == pq.ExecStatus.FATAL_ERROR:
        # libpq found the connection gone: worth another try, as when psycopg finds it.
        return psycopg.OperationalError(result.get_error_message())
    return error_from_result(result)
