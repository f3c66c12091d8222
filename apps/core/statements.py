"""Statements of the hot paths: prepared once per connection, run by libpq itself.

Django's cursor writes the parameters into the text, so that PostgreSQL parses and plans each time;
psycopg's waits for each answer in a loop of Python. For a statement that every batch runs either
costs more than the statement does. They stay prepared on the embedded server; on another one, which
a pooler may hide, they do not.
"""

import re
import select
from collections.abc import Iterable, Mapping, Sequence
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
DONE = {pq.ExecStatus.COMMAND_OK, pq.ExecStatus.TUPLES_OK}
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
            result = session.execute(self, parameters, begins=_must_begin(client))
            session.adapter.set_pgresult(result)
            return session.adapter.load_row(0, tuple) if result.ntuples else None

    def run_last(self, **parameters: Any) -> None:
        """Run it as the last one in `atomic`, with the COMMIT in the same round trip.

        What `atomic` does at its end finds the transaction committed; one inside another leaves
        that to the outer one, as always.
        Raises Django's database errors, those of the commit too; nothing is stored then, but where
        the connection was lost, after which nobody knows: only run what may be sent again.
        """
        client = _client()
        commits = len(connection.atomic_blocks) == 1
        with connection.wrap_database_errors:
            _session(client).execute(self, parameters, begins=_must_begin(client), commits=commits)


def copy_in(statement: bytes, chunks: Iterable[bytes]) -> None:
    """Run a COPY ... FROM STDIN in the open transaction, if any.

    Raises Django's database errors; whatever `chunks` raises, after the COPY was given up.
    """
    client = _client()
    pgconn = client.pgconn
    with connection.wrap_database_errors:
        if _must_begin(client):
            _checked(pgconn.exec_(b"BEGIN"))
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
                if not pgconn.put_copy_data(chunk):
                    raise MemoryError("libpq cannot hold the rows that wait for the server")
                if len(chunk) > PIECE_BYTES:
                    pgconn.flush()  # the server reads while the next chunk is made
        except BaseException:
            _end_copy(pgconn, GIVEN_UP)
            raise
        for result in _end_copy(pgconn):
            _checked(result)


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
        self,
        statement: Statement,
        parameters: Mapping[str, Any],
        *,
        begins: bool = False,
        commits: bool = False,
    ) -> pq.abc.PGresult:
        """Run a statement, in one round trip with the BEGIN before it or the COMMIT after it."""
        given = [parameters[name] for name in statement.names]
        values = self.adapter.dump_sequence(given, [PyFormat.TEXT] * len(given))
        types = tuple(WIDENED.get(oid, oid) for oid in self.adapter.types or ())
        if self.may_prepare:
            calls = [(self._name(statement.text, types), values)]
            if begins:
                calls.insert(0, (self._name(b"BEGIN"), ()))
            if commits:
                calls.append((self._name(b"COMMIT"), ()))
            return self._run(calls)[1 if begins else 0]
        if begins:
            _checked(self.pgconn.exec_(b"BEGIN"))
        return _checked(self.pgconn.exec_params(statement.text, values, types))

    def _run(self, calls: Sequence[tuple[bytes, Sequence[Any]]]) -> list[pq.abc.PGresult]:
        """Run prepared statements, all in one round trip; the first that fails ends it."""
        pgconn = self.pgconn
        if len(calls) == 1:
            return [_checked(pgconn.exec_prepared(*calls[0]))]
        pgconn.enter_pipeline_mode()
        try:
            for name, values in calls:
                pgconn.send_query_prepared(name, values)
            pgconn.pipeline_sync()
            results = [result for _ in calls for result in _results(pgconn)]
            _result(pgconn)  # of the sync
        finally:
            pgconn.exit_pipeline_mode()
        return [_checked(result) for result in results]

    def _name(self, statement: bytes, types: Types = ()) -> bytes:
        """Return the name of a prepared statement, preparing it where it is not yet."""
        name = self.names.get((statement, types))
        if name is None:
            name = b"dex_%d" % len(self.names)
            result = self.pgconn.prepare(name, statement, types)
            _checked(result)
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


def _checked(result: pq.abc.PGresult) -> pq.abc.PGresult:
    if result.status not in DONE:
        raise _error(result)
    return result


def _error(result: pq.abc.PGresult) -> psycopg.Error:
    is_ours = result.error_field(pq.DiagnosticField.SQLSTATE) is None
    if is_ours and result.status == pq.ExecStatus.FATAL_ERROR:
        # libpq found the connection gone: worth another try, as when psycopg finds it.
        return psycopg.OperationalError(result.get_error_message())
    return error_from_result(result)
