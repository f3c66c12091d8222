"""What a collector has written, as far as anybody could read it."""

import re
import sqlite3
import zlib
from contextlib import closing, suppress
from pathlib import Path

from dex_collector import batch
from dex_collector.daemon import Daemon

GZIP = re.compile(rb"\x1f\x8b\x08")  # how a body begins, RFC 1952


def everything_written(state: Path) -> bytes:
    """Return all that lies in the state folder: names of files, their bytes, and what is packed."""
    texts = []
    for file in state.rglob("*"):
        content = file.read_bytes() if file.is_file() else b""
        texts += [str(file.relative_to(state)).encode(), content]
        # Bodies, also those in free pages and in the write-ahead log.
        texts += [unpacked(content[found.start() :]) for found in re.finditer(GZIP, content)]
    # A body longer than a page lies in pieces: it is whole for the database alone.
    with closing(sqlite3.connect(state / "spool.db")) as db:
        names = [
            name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        ]
        rows = [row for name in names for row in db.execute(f"SELECT * FROM {name}")]
    values = [value for row in rows for value in row]
    texts += [unpacked(v) if isinstance(v, bytes) else str(v).encode() for v in values]
    return b"\n".join(texts)


def unpacked(packed: bytes) -> bytes:
    """Return what can be read of something packed, up to where it breaks."""
    unpacker, text = zlib.decompressobj(wbits=31), b""
    with suppress(zlib.error):
        for start in range(0, len(packed), 64):
            text += unpacker.decompress(packed[start : start + 64])
    return text


def quarantined(daemon: Daemon) -> list[bytes]:
    """Return the whole batches in quarantine."""
    query = "SELECT body FROM quarantine WHERE typeof(body) = 'blob'"
    return [body for (body,) in daemon.spool._db.execute(query)]


def every_text(daemon: Daemon) -> str:
    """Return all that the spool holds, unpacked."""
    db = daemon.spool._db
    texts = [text for (text,) in db.execute("SELECT record FROM waiting")]
    for table in ("outbox", "sent", "quarantine"):
        for (body,) in db.execute(f"SELECT body FROM {table}"):
            texts.append(str(batch.unpack(body)) if isinstance(body, bytes) else body)
    return "\n".join(texts)


def sent_rows(daemon: Daemon) -> list[tuple[int, str, bytes]]:
    return daemon.spool._db.execute("SELECT sequence, epoch, body FROM sent").fetchall()


def sent_bodies(daemon: Daemon) -> list[bytes]:
    return [body for _, _, body in sent_rows(daemon)]
