"""TLS to the database: who answers is checked where the address says so, and refused in words.

The server of the tests is built without TLS; a proxy in front of it speaks it, as PostgreSQL does.
"""

import socket
import ssl
import struct
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("psycopg", reason="make test-distributed installs psycopg and PostgreSQL")
pytest.importorskip("cryptography", reason="moto's server brings it")

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from runner.cli import invoke
from runner.errors import StorageError
from runner.ledger.postgres.connection import PostgresConnection
from tests.ledger.postgres import PostgresServer, missing, serve_postgres

pytestmark = [pytest.mark.distributed, pytest.mark.slow]

SSL_REQUEST = struct.pack("!ii", 8, 80877103)
PEM = serialization.Encoding.PEM


def make_certificate(folder: Path, name: str) -> tuple[Path, Path]:
    """Write a certificate that signs itself and its key; return where they are."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    told, secret = folder / f"{name}.pem", folder / f"{name}.key"
    told.write_bytes(certificate.public_bytes(PEM))
    plain = serialization.NoEncryption()
    secret.write_bytes(key.private_bytes(PEM, serialization.PrivateFormat.PKCS8, plain))
    return told, secret


@contextmanager
def serve_tls(server: PostgresServer, certificate: Path, key: Path) -> Iterator[int]:
    """Speak TLS in front of a server; yield the port."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    port = int(server.address().rpartition(":")[2].partition("/")[0])
    listener = socket.create_server(("127.0.0.1", 0))
    threads: list[threading.Thread] = []

    def answer(plain: socket.socket) -> None:
        with plain, suppress(OSError):  # a client that refuses the certificate hangs up
            if plain.recv(8, socket.MSG_WAITALL) != SSL_REQUEST:
                return  # in the clear: as a server with only hostssl lines
            plain.sendall(b"S")
            with (
                context.wrap_socket(plain, server_side=True) as client,
                socket.create_connection(("127.0.0.1", port)) as database,
            ):
                back = threading.Thread(target=copy, args=(database, client))
                back.start()
                copy(client, database)
                back.join()

    def accept() -> None:
        with suppress(OSError):
            while True:
                thread = threading.Thread(target=answer, args=(listener.accept()[0],))
                threads.append(thread)
                thread.start()

    accepting = threading.Thread(target=accept)
    accepting.start()
    try:
        yield listener.getsockname()[1]
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        for thread in (accepting, *threads):
            thread.join()


def copy(source: socket.socket, target: socket.socket) -> None:
    """Copy what comes until it ends, and end what goes."""
    with suppress(OSError):
        while piece := source.recv(65_536):
            target.sendall(piece)
    with suppress(OSError):
        socket.socket.shutdown(target, socket.SHUT_WR)


def ask(address: str) -> list[tuple[Any, ...]]:
    with closing(PostgresConnection(address)) as connection:
        return connection.fetch("SELECT 1")


def test_who_answers_is_checked_and_refused_in_words(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    if (why := missing()) is not None:
        pytest.skip(why)
    mine, key = make_certificate(tmp_path, "localhost")
    other, _ = make_certificate(tmp_path, "other")
    with serve_postgres() as server, serve_tls(server, mine, key) as port:

        def name(host: str, root: Path, mode: str = "verify-full") -> str:
            user = "lookbook:hunter2"
            options = f"hostaddr=127.0.0.1&sslmode={mode}&sslrootcert={root}"
            return f"postgresql://{user}@{host}:{port}/postgres?{options}"

        assert ask(name("localhost", mine)) == [(1,)]
        assert ask(name("elsewhere", mine, "verify-ca")) == [(1,)]
        for address, told in (
            (name("localhost", other), "certificate verify failed"),
            (name("elsewhere", mine), "does not match host name"),
            (name("localhost", tmp_path / "none.pem"), "does not exist"),
            (server.address() + f"?sslmode=verify-full&sslrootcert={mine}", "SSL was required"),
        ):
            with pytest.raises(StorageError, match=told) as refused:
                ask(address)
            assert "hunter2" not in str(refused.value)
        assert invoke(["cluster", "--on", name("elsewhere", mine)]) == 1
    said = capsys.readouterr().err
    assert "does not match host name" in said
    assert "Nothing was sent." in said
    assert "hunter2" not in said
