# %% [markdown]
# # Five requests and a proxy
#
# You will be able to
#
# - predict for any request to a protected server who refuses it, at which layer, and when,
# - read a refusal from an exception, from a handshake, and from the server's log,
# - configure both sides of mutual TLS with Python's `ssl` and `requests`,
# - put a proxy in front of the protected server that lends its identity to nobody,
# - explain why one verifier accepts a certificate that another refuses.
#
# About 60 minutes. You need lesson 00; lessons 01 to 05 explain what is used here, and are not required.

# %% parameters
seed = 7

# %% setup
import ssl

import requests

from labsupport import Authority, Pair, attempt, check, predict, progress, show

# %% [markdown]
# ## 1. The stage
#
# One authority signs for both servers. server1 is exposed and has two certificates: one to show to the outside, one
# to show to server2. server2 is protected and insists on a certificate from every client.
#
# `server2.test` is a name for this notebook only: it leads to your own machine for as long as the pair runs.

# %%
authority = Authority.root("Course root")
pair = Pair(authority, tls="1.3").start()
show(pair)

# %% [markdown]
# Our own client gets a certificate too. A file with the certificate and a file with the key: together they are what
# `requests` calls `cert=`. The authority's certificate is what it calls `verify=`.

# %%
client = authority.issue(f"client{seed}", role="client")
url, ca = pair.server2.url, authority.ca_path
client.certificate.subject, client.files

# %% [markdown]
# ## 2. Five requests
#
# A request to an HTTPS server has two layers. First comes TLS: in a *handshake* of some ten messages the two sides
# agree on keys, show certificates, and check them. Inside the encrypted connection that comes of it follows HTTP: a
# request, and a response with a status. A refusal can happen in either layer, and on either side.

# %% [markdown]
# ### Request 1: the client does not know whom to trust
#
# No `verify=`, so `requests` uses the public CAs that it ships with. Ours is not among them.
#
# **Predict first.** Replace the dots: `by` is `"client"`, `"server"` or `"nobody"`; `layer` is `"tls"` or `"http"`;
# `when` is `"handshake"`, `"first read"` (the client's handshake was already done) or `"response"`. Where nobody
# refuses, leave the other two.

# %% predict="no-ca"
predict("no-ca", by=..., layer=..., when=...)

# %%
no_ca = attempt(requests.get, url)
no_ca

# %% [markdown]
# The client refused, in the middle of the handshake, and no request was ever sent. Open the list of messages in the
# card: the last one is an *alert*, and it goes from the client to the server. With an alert a side ends a TLS
# connection and says why.
#
# Verify code 19 means that a self-signed certificate (the root) came along in the chain and is not trusted. A
# server that sends only its own certificate earns code 20 instead, *unable to get local issuer certificate*. One
# cause, two codes.

# %% [markdown]
# #### By hand: where the reason is kept
#
# `requests` wraps the error of `urllib3`, which wraps another, which wraps the one of `ssl`. Let us dig.

# %%
try:
    requests.get(url, timeout=5)
except requests.exceptions.SSLError as error:
    outer = error
    inner = error.args[0].reason.args[0]

[type(outer).__name__, type(outer.args[0]).__name__, type(outer.args[0].reason).__name__, type(inner).__name__]

# %%
inner.reason, inner.verify_code

# %% [markdown]
# At the bottom sits an `ssl.SSLCertVerificationError` with a `verify_code`. Only the side that *verified* a
# certificate has such a code to tell. Keep that in mind: it is how a program knows which side refused.
#
# `reason` and `verify_code` are stable between versions of OpenSSL. The text of the message is not: never match it.

# %% [markdown]
# ### Request 2: the client knows whom to trust, and does not say who it is
#
# Now the client holds the authority's certificate. It shows none of its own.
#
# **Predict:** who will object? And will the client notice during its handshake, or later?

# %% predict="ca-no-certificate"
predict("ca-no-certificate", by=..., layer=..., when=...)

# %%
no_certificate = attempt(requests.get, url, verify=ca)
no_certificate

# %% [markdown]
# Look at the lines *when* and *handshake*. The client's handshake was complete, and still the request failed.
#
# In TLS 1.3 the client finishes its part before the server has judged its certificate. The refusal arrives with the
# first read. In TLS 1.2 the same refusal comes inside the handshake.
#
# Here are both from top to bottom, each message with its size beside the sender. Grey is encrypted. Dashed, with a
# plus, is what is there only because the server asks for a certificate.

# %%
with Pair(authority, tls="1.2") as older:
    earlier = attempt(requests.get, older.server2.url, verify=ca)
earlier.phase, earlier.reason

# %%
show(earlier, no_certificate)

# %% [markdown]
# In both ladders the server asks (`CertificateRequest`) and the client answers with an *empty* Certificate message:
# seven or eight bytes that say "I have none".
#
# Count the two `Finished` messages above the alert. On the left there is only the client's; on the right both have
# passed. So "the handshake worked" never means "I was let in".
#
# `SSLV3_ALERT_HANDSHAKE_FAILURE` has nothing to do with SSL 3: OpenSSL names alerts after the version that
# introduced them.

# %% [markdown]
# What did server2 make of it? Its log is the witness.

# %%
pair.server2.log

# %% [markdown]
# ### Request 3: verification switched off
#
# The article that this course starts from offers curl's `--insecure` as another way past request 1. In `requests` it
# is called `verify=False`.
#
# > **Danger, on purpose.** No program in service may do this. Here it talks to your own machine.

# %% predict="insecure-no-certificate"
predict("insecure-no-certificate", by=..., layer=..., when=...)

# %%
insecure = attempt(requests.get, url, verify=False)
insecure

# %% [markdown]
# For the server nothing has changed: it still wants a certificate. For the client everything has changed, and
# one line of warning is all that shows it.
#
# Here is an impostor: a pair with the same names, certified by an authority that nobody trusts. It insists on no
# certificate, takes what comes, and writes it down. A client without verification tells it a secret:

# %%
impostor = Pair(Authority.root("Course root"), manner="http").start()
told = attempt(requests.post, impostor.server2.url + "?secret=hunter2", verify=False)
impostor.server2.log

# %% [markdown]
# The secret arrived: it stands in the impostor's log. That the answer was 400 came too late. Beside it, the same
# request with verification on; nothing of it reaches the log but a broken handshake.

# %%
kept = attempt(requests.post, impostor.server2.url + "?secret=hunter2", verify=ca)
impostor.server2.log

# %%
impostor.close()
kept.by, kept.phase, kept.reason

# %% [markdown]
# ### Request 4: a certificate that the client signed itself
#
# It has the right form, the right purpose, and the name of our client. Only the signature is the client's own.

# %% predict="self-signed-certificate"
predict("self-signed-certificate", by=..., layer=..., when=...)

# %%
stranger = Authority.self_signed(client.name)
self_signed = attempt(requests.get, url, verify=ca, cert=stranger.files)
self_signed

# %% [markdown]
# `UNKNOWN_CA`: the alert speaks of *the client's* certificate. It is read by the client, and it is about the
# client; nothing is wrong with its `verify=`. This mix-up fills help forums.
#
# One refused certificate proves little. Here are two more that a careless server would take: one from another
# authority that bears the same name as ours, and server2's own certificate, which our authority did sign, for a
# server.

# %%
namesake = Authority.root(authority.name).issue(client.name, role="client")
borrowed = pair.server2.identity
refused = [attempt(requests.get, url, verify=ca, cert=other.files) for other in (namesake, borrowed)]
[(other.by, other.reason) for other in refused]

# %% [markdown]
# In the log below, 18 is *self-signed*, 7 (or 20, or 85) a signature or key identifier that does not fit the
# authority's key, and 26 *unsuitable purpose*: the certificate may be used by a server, not by a client.
#
# The article's certificates have no purpose in them at all. There, server2's own key opens server2.

# %%
pair.server2.log

# %% [markdown]
# ### Request 5: a certificate that the authority signed

# %% predict="ca-signed-certificate"
predict("ca-signed-certificate", by=..., layer=..., when=...)

# %%
admitted = attempt(requests.get, url, verify=ca, cert=client.files)
admitted

# %% [markdown]
# server2 greets the client by the name in its certificate. No password was sent, and nothing that an eavesdropper
# could use again.
#
# Now all five in one picture, for both versions. At the end of each row stands your prediction: whether it came true
# in both columns, in one, or in none.


# %%
def five(url: str) -> dict[str, object]:
    return {
        "no-ca": attempt(requests.get, url),
        "ca-no-certificate": attempt(requests.get, url, verify=ca),
        "insecure-no-certificate": attempt(requests.get, url, verify=False),
        "self-signed-certificate": attempt(requests.get, url, verify=ca, cert=stranger.files),
        "ca-signed-certificate": attempt(requests.get, url, verify=ca, cert=client.files),
    }


with Pair(authority, tls="1.2") as older:
    show({"TLS 1.2": five(older.server2.url), "TLS 1.3": five(url)})

# %% [markdown]
# Same sides, same layer; only the moment differs, and only where the server refuses.

# %% [markdown]
# ## 3. What mutual TLS adds to a handshake
#
# This is the handshake of *your own* request 5, beside one with server1, which asks the outside for no certificate.

# %%
plain = attempt(requests.get, pair.server1.url, verify=ca)
show(plain, admitted)

# %% [markdown]
# Three messages more, marked with a plus:
#
# - **CertificateRequest**: the server asks.
# - **Certificate**, from the client: who I claim to be. Certificates are public, so showing one proves nothing yet.
# - **CertificateVerify**, from the client: a signature over everything said so far, made with the private key.
#   *This* is the proof. It fits this handshake and no other, so it is worthless to whoever records it.
#
# In TLS 1.3 all three travel encrypted. In TLS 1.2 a listener on the line can read the client's certificate.

# %% [markdown]
# The two `NewSessionTicket` messages on the left let a client come back without showing anything anew. server2 hands
# out none: whoever comes back is judged again.
#
# Bytes of all handshake messages, with client certificate and without, and what was added:

# %%
admitted.trace.size, plain.trace.size, [message.name for message in admitted.trace.mutual]

# %% [markdown]
# ### Exercise 1: read a transcript
#
# Write `read_transcript(events)`. `events` is what a client saw, in order, as a list of dicts:
#
# - `{"from": "server", "kind": "handshake", "name": "CertificateRequest"}`
# - `{"from": "client", "kind": "alert", "name": "unknown_ca"}`
# - `{"from": "server", "kind": "http", "name": "400"}`, a response with its status
#
# Return `(by, layer, when)` in the words of the predictions, or `(None, None, None)` where nobody refused. An alert
# called `close_notify` is a goodbye, not a refusal. `events` does not tell the version of TLS: you do not need it.
#
# `read_transcript([{"from": "client", "kind": "handshake", "name": "ClientHello"}, {"from": "server", "kind":
# "alert", "name": "protocol_version"}])` → `("server", "tls", "handshake")`


# %% exercise="five-requests-transcript"
def read_transcript(events: list[dict[str, str]]) -> tuple[str | None, str | None, str | None]:
    """Return (by, layer, when) of the refusal, or three times None."""
    ### BEGIN SOLUTION
    finished = set()
    for event in events:
        if event["name"] == "Finished":
            finished.add(event["from"])
        if event["kind"] == "alert" and event["name"] != "close_notify":
            return event["from"], "tls", "first read" if len(finished) == 2 else "handshake"
        if event["kind"] == "http" and int(event["name"]) >= 400:
            return "server", "http", "response"
    return None, None, None
    ### END SOLUTION


# %% check="five-requests-transcript" points=2
check("five-requests-transcript", read_transcript)

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# Go through the events in order and return at the first that is a refusal. There are two kinds of them.
#
# </details>
#
# <details><summary>Hint 2</summary>
#
# For the client the handshake is over when it has *sent* its Finished and *received* the server's. Collect who has
# sent one. That rule is right for both versions, because in TLS 1.2 the server's comes last.
#
# </details>

# %% [markdown]
# ## 4. Two manners of refusing
#
# Our server2 refuses inside TLS. nginx does it differently: TLS succeeds, and the *application* answers "400 No
# required SSL certificate was sent". The article says of this that the server refuses to reply. It did reply, in
# HTTP, through a working encrypted connection.
#
# A Python server can be made to act like that: it asks for a certificate and does not insist (`ssl.CERT_OPTIONAL`),
# and looks afterwards whether one came.

# %%
polite = Pair(authority, manner="http").start()
in_http = five(polite.server2.url)
show({"by alert": five(url), "by HTTP status": in_http})

# %% [markdown]
# Two rows have changed, those *without* a certificate. The self-signed one is still refused by an alert: Python's
# `ssl` ends the handshake when verification fails, and offers no way to look at a bad certificate and answer in
# words. nginx can, and says "400 The SSL certificate error".
#
# Which manner is better? The alert keeps strangers away from every line of your application. The status can say
# why, in words that reach the user, and shows up in the access log that people read.

# %%
in_http["ca-no-certificate"]

# %%
polite.server2.log

# %%
polite.close()

# %% [markdown]
# ### Exercise 2: tell who refused
#
# Write `outcome(url, verify, cert_path, key_path)`. Make one GET request with `requests`, with that `verify` (a
# path, `True` or `False`) and that certificate (paths, or None for both), and return `(by, layer)`:
#
# - `("client", "tls")`: this side did not trust the server,
# - `("server", "tls")`: the server ended it with an alert,
# - `("server", "http")`: a response came, with a status of 400 or more,
# - `(None, None)`: let in.
#
# The judge runs servers of both manners and both versions.
#
# `outcome(url, True, None, None)` with the URL of our server2 → `("client", "tls")`


# %% exercise="five-requests-outcome"
def outcome(url: str, verify: str | bool, cert_path: str | None, key_path: str | None) -> tuple[str | None, str | None]:
    """Make one GET request and return (by, layer), or (None, None) when it was let in."""
    ### BEGIN SOLUTION
    cert = (cert_path, key_path) if cert_path and key_path else None
    try:
        response = requests.get(url, verify=verify, cert=cert, timeout=5)
    except requests.exceptions.SSLError as failure:
        bottom = failure.args[0].reason.args[0]
        return ("client", "tls") if isinstance(bottom, ssl.SSLCertVerificationError) else ("server", "tls")
    return ("server", "http") if response.status_code >= 400 else (None, None)
    ### END SOLUTION


# %% check="five-requests-outcome" points=2
check("five-requests-outcome", outcome)

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# Three things can happen: `requests.exceptions.SSLError` is raised, a response with a bad status comes, or a good
# one. Only the first needs digging, as under request 1.
#
# </details>
#
# <details><summary>Hint 2</summary>
#
# At the bottom of the exception, ask for its class: `ssl.SSLCertVerificationError` is raised by the side that
# verifies. Any other `ssl.SSLError` here was caused by the other side's alert.
#
# </details>

# %% [markdown]
# ## 5. The server's side, by hand
#
# Everything that server2 demands is in one object, an `ssl.SSLContext`. There is a trap in how Python spells it:

# %%
trap = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
trap.verify_mode

# %% [markdown]
# `Purpose.CLIENT_AUTH` reads like "authenticate clients". It means "a context for the side that *could* do so", and
# its mode is `CERT_NONE`: nobody is asked. A server with this context serves everybody and logs nothing unusual.
#
# Three settings make a protected server: what it shows, whom it trusts, and whether it insists.

# %% [markdown]
# ### Exercise 3: server2's context
#
# Write `server2_context(cert_path, key_path, client_ca_path)`: a context for a server that shows the certificate at
# `cert_path`, and lets in exactly those clients whose certificate was issued by the CA at `client_ca_path`.
#
# The judge is the client. It knocks with a good certificate, with none, with one of another CA of the same name,
# with a self-signed one, and with one that is for servers only, in TLS 1.2 and 1.3.


# %% exercise="five-requests-server2-context"
def server2_context(cert_path: str, key_path: str, client_ca_path: str) -> ssl.SSLContext:
    """Return the context of a server that insists on client certificates of one CA."""
    ### BEGIN SOLUTION
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert_path, key_path)
    context.load_verify_locations(client_ca_path)
    context.verify_mode = ssl.CERT_REQUIRED
    return context
    ### END SOLUTION


# %% check="five-requests-server2-context" points=2
check("five-requests-server2-context", server2_context)

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# Start from `ssl.PROTOCOL_TLS_SERVER`. Methods whose names begin with `load_` take the paths; one attribute says
# whether the server insists.
#
# </details>
#
# <details><summary>Hint 2</summary>
#
# There are three modes: `CERT_NONE`, `CERT_OPTIONAL`, `CERT_REQUIRED`. The second asks, and lets in who shows
# nothing.
#
# </details>

# %% [markdown]
# Your context in a running server: assign it, and the next connection meets it. The pair is a fresh one, so that
# nothing else here depends on your answer. The card stays neutral until you have written one.


# %%
def with_your_context() -> requests.Response:
    with Pair(authority) as yours:
        yours.server2.context = server2_context(*yours.server2.identity.files, ca)
        return requests.get(yours.server2.url, verify=ca, cert=client.files, timeout=5)


attempt(with_your_context)

# %% [markdown]
# ## 6. The client's side, by hand
#
# `requests.get(..., verify=..., cert=...)` builds an `SSLContext` out of sight. To decide more than it asks for,
# hand it one of your own. `requests` takes it through a *transport adapter*, the object that opens a session's
# connections; its pool of connections wants it as `ssl_context`.

# %% setup
from typing import Any

from requests.adapters import HTTPAdapter


class Adapter(HTTPAdapter):
    def __init__(self, own_context: ssl.SSLContext) -> None:
        self.own_context = own_context
        super().__init__()

    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        super().init_poolmanager(*args, ssl_context=self.own_context, **options)


# %% [markdown]
# The first example allows nothing but TLS 1.2. The second trusts an authority that did not sign for server1: the
# client refuses.


# %%
def version_12_only(trusted: str) -> requests.Response:
    limited = ssl.create_default_context(cafile=trusted)
    limited.maximum_version = ssl.TLSVersion.TLSv1_2
    session = requests.Session()
    session.mount("https://", Adapter(limited))
    return session.get(pair.server1.url, timeout=5, verify=trusted)


elsewhere = Authority.root("Another root").ca_path
[attempt(version_12_only, trusted).verdict for trusted in (ca, elsewhere)]

# %% [markdown]
# Two traps:
#
# - Leave `verify=` at its default and `requests` loads the public CAs *into your context*: it then trusts them as
#   well.
# - `Session.verify` loses against the environment variable `REQUESTS_CA_BUNDLE`. An argument of the call does not.
#
# Strictness is the other thing that a context decides. From Python 3.13 on `ssl.create_default_context()` sets
# `VERIFY_X509_STRICT`, which refuses certificates without an AuthorityKeyIdentifier (which key signed this one), and
# CAs without keyUsage (what their key may do). Earlier versions forgive them.

# %%
bool(ssl.create_default_context().verify_flags & ssl.VERIFY_X509_STRICT)

# %% [markdown]
# And names: a certificate lists its names in an extension called SubjectAltName. Old ones have a single name in the
# subject instead, the *common name*. Some verifiers still read that one where there is no SubjectAltName.

# %% [markdown]
# ### Exercise 4: a strict client
#
# Write `fetch(url, ca_path, cert_path, key_path)`: one GET request through a context of your own, which
#
# - trusts the CA at `ca_path` alone,
# - shows the certificate at `cert_path`,
# - is strict (`ssl.VERIFY_X509_STRICT`) on every version of Python, and reads names from SubjectAltName only.
#
# Return `(status, text)`. Let the exception out when the server cannot be trusted. The judge sends you to the
# genuine server and to impostors, and looks whether an impostor ever got to read a request. `Adapter` above may be
# used.


# %% exercise="five-requests-client"
def fetch(url: str, ca_path: str, cert_path: str, key_path: str) -> tuple[int, str]:
    """Return (status, text) of a GET request through a strict context of its own."""
    ### BEGIN SOLUTION
    context = ssl.create_default_context(cafile=ca_path)
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    context.hostname_checks_common_name = False
    context.load_cert_chain(cert_path, key_path)
    with requests.Session() as session:
        session.mount("https://", Adapter(context))
        response = session.get(url, verify=ca_path, timeout=5)
    return response.status_code, response.text
    ### END SOLUTION


# %% check="five-requests-client" points=2
check("five-requests-client", fetch)

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# `ssl.create_default_context` takes a `cafile`, and already checks names. Flags are joined with `|=`.
#
# </details>
#
# <details><summary>Hint 2</summary>
#
# The attribute that decides about common names is `hostname_checks_common_name`. For the certificate, a client's
# context uses the same method as a server's. Mount the adapter on a session for `"https://"`.
#
# </details>

# %%
attempt(fetch, url, ca, *client.files)

# %% [markdown]
# ## 7. The proxy
#
# The outsider has no certificate and asks server1. server1 has one, and asks server2.

# %%
attempt(requests.get, pair.server1.url, verify=ca)

# %% [markdown]
# server2 greeted *server1*: it never met the outsider. Both logs tell the same story from their own ends.

# %%
pair.server1.log

# %%
pair.server2.log[-1]

# %% [markdown]
# Round the proxy there is no way in: no certificate, no service. And through it, not everything passes.

# %%
around = attempt(requests.get, url, verify=ca)
ledger = attempt(requests.get, pair.server1.url + "ledger", verify=ca)
show({"around server1": around, "through, to /ledger": ledger, "through, to /": plain})

# %% [markdown]
# ### Borrowed names
#
# Proxies often tell the server behind them who the client was, in a header: `X-Forwarded-For`, `Client-Cert` (RFC
# 9440), `X-Forwarded-Client-Cert`. From outside, such a header is only a claim. Here an outsider claims to be the
# director, and sends a harmless header along.

# %%
claims = {"Client-Cert": ":ZGlyZWN0b3I=:", "X-Forwarded-For": "10.0.0.1", "X-Request-Id": "42"}
asked = attempt(requests.get, pair.server1.url + "whoami", verify=ca, headers=claims)
sorted(name for name, _ in asked.value.json()["headers"])

# %% [markdown]
# The harmless header arrived, the claims did not. A proxy that passes them on lends its own credibility to whoever
# writes them: server2 verified that *server1* is speaking, and believes what server1 says.

# %% [markdown]
# ### Exercise 5: server1 in one function
#
# Write `forward(path, headers, server2_url, ca_path, cert_path, key_path)`, which answers one GET request from
# outside with `(status, text)`:
#
# - the paths `/` and `/whoami`, exactly, are forwarded to `server2_url + path` with the certificate at `cert_path`,
#   verifying server2 against `ca_path`; any other path is answered with 403, and server2 hears nothing of it;
# - headers travel along, except claims of identity: `Forwarded`, and every name that begins with `Client-Cert`,
#   `X-Forwarded-` or `X-Client-`, in whatever case;
# - where server2 cannot be reached or trusted, or does not trust us, the answer is 502.
#
# The judge is server2, and its impostor.


# %% exercise="five-requests-proxy"
def forward(
    path: str, headers: dict[str, str], server2_url: str, ca_path: str, cert_path: str, key_path: str
) -> tuple[int, str]:
    """Return (status, text) for a request from outside."""
    ### BEGIN SOLUTION
    if path not in ("/", "/whoami"):
        return 403, "server1 does not forward this path"
    address, shown = server2_url + path, (cert_path, key_path)
    claimed = ("client-cert", "forwarded", "x-forwarded-", "x-client-")
    kept = {name: value for name, value in headers.items() if not name.lower().startswith(claimed)}
    try:
        answer = requests.get(address, headers=kept, verify=ca_path, cert=shown, timeout=5, allow_redirects=False)
    except requests.RequestException:
        return 502, "server1 could not speak with server2"
    return answer.status_code, answer.text
    ### END SOLUTION


# %% check="five-requests-proxy" points=3
check("five-requests-proxy", forward)

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# Compare the path with a list of allowed ones, whole. A test of how it begins lets `/whoami/../ledger` through.
#
# </details>
#
# <details><summary>Hint 2</summary>
#
# `str.startswith` takes a tuple of beginnings. Lower the name's case first. `requests.RequestException` is the
# parent of all that `requests` raises.
#
# </details>

# %% [markdown]
# ## 8. One certificate, many judges
#
# The article makes its certificates with `openssl x509 -req` and no extensions. On OpenSSL 3.0 and 3.1 that gives
# X.509 *version 1*, from before there were extensions: no SubjectAltName, no purpose, under a CA without keyUsage.
# `recipe="article"` makes the same.
#
# Who on this machine takes them? `True` is accepted, `None` means that the tool is not installed.

# %%
as_in_the_article = Authority.root("ca.com", recipe="article")
with Pair(as_in_the_article) as copied:
    by_article = copied.verdicts()
by_article

# %% [markdown]
# And the same judges about the pair of this lesson:

# %%
pair.verdicts()

# %% [markdown]
# curl and plain `ssl` still read the common name when there is no SubjectAltName; `requests` and the `cryptography`
# library do not. The strict verifier objects to the CA. So the article's fifth request, the one that works with
# curl, fails with `requests`, with code 62 (no such name) or, by the rules of Python 3.13, 92 (no keyUsage):

# %%
with Pair(as_in_the_article) as copied:
    certificate = copied.server1.client_identity.files
    fifth = attempt(requests.get, copied.server2.url, verify=as_in_the_article.ca_path, cert=certificate)
fifth

# %% [markdown]
# ### Exercise 6: why did it refuse?
#
# Write `why(leaf_pem, ca_pem, host, refused_by)`: both certificates as PEM text, the name that was asked for, and
# the list of verifiers that refused (`"ssl"`, `"ssl-strict"`, `"requests"`, `"cryptography"`), probed on the
# judge's machine. Return the first reason that applies, in this order, or None when nobody refused:
#
# | reason | meaning |
# |---|---|
# | `"version-1"` | the leaf is X.509 version 1 |
# | `"no-san"` | the leaf has no SubjectAltName |
# | `"wrong-name"` | `host` is not among its DNS names |
# | `"wrong-purpose"` | it has an ExtendedKeyUsage, without serverAuth |
# | `"no-authority-key-identifier"` | the leaf has none |
# | `"ca-without-key-usage"` | the CA's certificate has no keyUsage |

# %% [markdown]
# `cryptography` shows it all: the version, and one extension at a time.

# %% setup
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

# %%
sound = x509.load_pem_x509_certificate(pair.server2.identity.certificate_pem)
sound.version, sound.extensions.get_extension_for_class(x509.SubjectAlternativeName).value

# %% [markdown]
# An extension that is not there raises an exception. Here is the article's CA:

# %%
flawed = x509.load_pem_x509_certificate(as_in_the_article.certificate_pem)
attempt(flawed.extensions.get_extension_for_class, x509.KeyUsage)


# %% exercise="five-requests-why"
def why(leaf_pem: str, ca_pem: str, host: str, refused_by: list[str]) -> str | None:
    """Return the first reason in the table that applies, or None when nobody refused."""
    ### BEGIN SOLUTION
    leaf, ca = (x509.load_pem_x509_certificate(pem.encode()) for pem in (leaf_pem, ca_pem))
    present = {type(extension.value): extension.value for extension in leaf.extensions}
    names, purposes = present.get(x509.SubjectAlternativeName), present.get(x509.ExtendedKeyUsage)
    if not refused_by:
        return None
    if leaf.version is x509.Version.v1:
        return "version-1"
    if names is None:
        return "no-san"
    if host not in names.get_values_for_type(x509.DNSName):
        return "wrong-name"
    if purposes is not None and ExtendedKeyUsageOID.SERVER_AUTH not in purposes:
        return "wrong-purpose"
    if x509.AuthorityKeyIdentifier not in present:
        return "no-authority-key-identifier"
    return None if x509.KeyUsage in [type(extension.value) for extension in ca.extensions] else "ca-without-key-usage"
    ### END SOLUTION


# %% check="five-requests-why" points=2
check("five-requests-why", why)

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# `certificate.extensions` can be walked like a list; each element has a `value`, whose type says which extension it
# is.
#
# </details>
#
# <details><summary>Hint 2</summary>
#
# A SubjectAltName has `get_values_for_type`, which takes `x509.DNSName`. An ExtendedKeyUsage can be searched with
# `in`; the purposes are listed in `ExtendedKeyUsageOID`. The common name plays no part.
#
# </details>

# %% [markdown]
# ## Four sentences to be careful with
#
# - *"Only server1 can make requests to server2."* Anybody can who holds a certificate of that CA, with its key.
#   Whom you certify is whom you let in; lesson 08 narrows that down.
# - *"`--insecure` is an alternative."* It gives up knowing who answers.
# - *"The server refused to reply."* Look at the layer: a status of 400 is a reply.
# - *"Both sides need the same CA."* Neither side does: each needs to trust the issuer of the other. Here is a pair
#   whose two authorities have nothing to do with each other.

# %%
for_clients = Authority.root("A CA for clients alone")
visitor = for_clients.issue(client.name, role="client")
with Pair(authority, client_authority=for_clients) as split:
    shown = [attempt(requests.get, split.server2.url, verify=ca, cert=who.files) for who in (visitor, client)]
[made.verdict for made in shown]

# %% [markdown]
# ## Take it to work
#
# server1 as nginx: a proxy that shows its certificate, and checks whom it talks to.
#
# ```nginx
# location = / {
#     proxy_pass https://server2.test:8443;
#     proxy_ssl_certificate /etc/nginx/tls/server1-client.crt.pem;
#     proxy_ssl_certificate_key /etc/nginx/tls/server1-client.key.pem;
#     proxy_ssl_trusted_certificate /etc/nginx/tls/ca.pem;
#     proxy_ssl_verify on;
#     proxy_ssl_name server2.test;
#     proxy_set_header Client-Cert "";
# }
# ```

# %% [markdown]
# The same in Go, for an `http.Transport`:
#
# ```go
# pair, err := tls.LoadX509KeyPair("server1-client.crt.pem", "server1-client.key.pem")
# config := &tls.Config{Certificates: []tls.Certificate{pair}, RootCAs: pool}
# ```
#
# And in Kubernetes, for traffic that leaves an Istio mesh:
#
# ```yaml
# apiVersion: networking.istio.io/v1
# kind: DestinationRule
# metadata: {name: server2}
# spec:
#   host: server2.test
#   trafficPolicy:
#     tls:
#       mode: MUTUAL
#       clientCertificate: /etc/certs/server1-client.crt.pem
#       privateKey: /etc/certs/server1-client.key.pem
#       caCertificates: /etc/certs/ca.pem
#       subjectAltNames: [server2.test]
# ```
#
# **The mistake seen most in the field:** the proxy shows its certificate and verifies nobody. In nginx
# `proxy_ssl_verify` is *off* unless you write it, and everything works, with an impostor too.

# %% [markdown]
# ## What you can do now
#
# - *Predict:* no CA, the client refuses; no certificate or a bad one, the server does; in TLS 1.3 the client hears
#   of it at its first read.
# - *Read a refusal:* a verify code on the side that verified, an alert on the other, the reason in the server's
#   log.
# - *Configure:* what a side shows, whom it trusts, whether it insists.
# - *Proxy:* exact paths, no borrowed names, 502 for trouble upstream.
# - *Judges differ:* over common names, strictness and version 1.
#
# Lesson **07, Certificate zoo and error clinic**, continues from here.

# %%
pair.close()
progress()
