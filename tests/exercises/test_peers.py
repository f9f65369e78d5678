"""The judge's own servers: what they remember of those who asked is bounded, whoever asks."""

from __future__ import annotations

import http.client
import ssl

from labsupport.exercises.five_requests.peers import Witness
from labsupport.pki.authority import Authority
from labsupport.tls.contexts import client_context, server_context


def test_a_witness_keeps_the_first_requests_and_no_bodies() -> None:
    root = Authority.root()
    context = server_context(root.issue("server2.test", role="server"), root)
    client = client_context(root, root.issue("ada", role="client"))
    client.check_hostname = False
    with Witness("server2.test", context, body="x") as server:
        connection = http.client.HTTPSConnection("127.0.0.1", server.port, context=client, timeout=30)
        for number in range(8):
            connection.request("POST", f"/{number}", body=bytes(100_000))
            assert connection.getresponse().read() == b"x\n"
        connection.close()
        seen = server.seen()
    assert client.verify_mode is ssl.CERT_REQUIRED
    assert seen.count == 8
    assert [(request.target, request.body, peer) for request, peer in seen.requests] == [
        (f"/{number}", b"", ("ada",)) for number in range(5)
    ]
