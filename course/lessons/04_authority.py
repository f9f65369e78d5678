# %% [markdown]
# # Running a certificate authority
#
# You will be able to
#
# - make a root, a request and a certificate that every verifier accepts, and say what each extension is for,
# - treat a certificate signing request as what it is: a stranger's wish list,
# - find the faults of certificates that a copied recipe made, and repair the recipe,
# - put an intermediate in between, and send the chain in the right order.
#
# About 80 minutes. Lesson 00 is enough; lesson 01 explains the signatures.

# %% parameters
seed = 7

# %% setup
import datetime as dt
import ipaddress
import math

import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from labsupport import Authority, Pair, attempt, check, progress, show

# %% [markdown]
# ## 1. The recipe, as the article has it
#
# The article makes its certificates with four kinds of `openssl` lines: keys, a certificate for the CA, requests, and
# the signing of the requests. Here they are for the CA and one server.

# %%
recipe = """
openssl genrsa -out ca.key 2048
openssl req -x509 -new -key ca.key -out ca.crt -nodes -days 365 -subj "/C=ES/ST=Spain/L=Spain/O=ORG/OU=TEST/CN=ca.com"
openssl genrsa -out server2.key 2048
openssl req -new -key server2.key -out server2.csr -nodes -subj "/C=ES/ST=Spain/L=Spain/O=ORG/OU=TEST/CN=server2"
openssl x509 -req -in server2.csr -CA ca.crt -CAkey ca.key -out server2.crt -days 365
"""

# %% [markdown]
# This function runs such lines in a folder that is gone afterwards, and keeps the certificates; where a line fails, it
# raises what `openssl` said. Where there is no `openssl` it returns nothing, and the course's own imitation takes its
# place.

# %% setup
import shlex
import shutil
import subprocess
import tempfile
from pathlib import Path

# %% setup


def carry_out(lines: str, **files: str) -> list[x509.Certificate]:
    with tempfile.TemporaryDirectory() as folder:
        for name, content in files.items():
            Path(folder, name).write_text(content)
        for line in lines.strip().split("\n") if shutil.which("openssl") else []:
            done = subprocess.run(shlex.split(line), cwd=folder, check=False, capture_output=True, text=True)
            if done.returncode:
                raise ValueError(done.stderr.strip())
        return [x509.load_pem_x509_certificate(path.read_bytes()) for path in sorted(Path(folder).glob("*.crt"))]


# %%
imitation = Authority.root("ca.com", recipe="article")
imitated = [imitation.certificate, imitation.issue("server2", role="server").certificate]
ca_crt, server2_crt = carry_out(recipe) or imitated
ca_crt.subject.rfc4514_string(), server2_crt.subject.rfc4514_string()

# %% [markdown]
# ### What came of it
#
# The files are *PEM*: lines of letters between `-----BEGIN CERTIFICATE-----` and `-----END CERTIFICATE-----`, which are
# the certificate's bytes (*DER*) made fit for mail. In them stand the *subject*, whom it is about, and the *issuer*,
# who signed it, each with a *common name* (CN); a serial number; two dates; a public key; and the issuer's signature.

# %%
{
    "subject": server2_crt.subject.rfc4514_string(),
    "issuer": server2_crt.issuer.rfc4514_string(),
    "serial number": server2_crt.serial_number,
    "from": str(server2_crt.not_valid_before_utc),
    "to": str(server2_crt.not_valid_after_utc),
}

# %% [markdown]
# Since version 3 of the standard X.509 there are *extensions* as well: entries that say what the certificate is good
# for.
#
# **Predict:** which version has the server's certificate, and which extensions?

# %%
server2_crt.version.name, [type(each.value).__name__ for each in server2_crt.extensions]

# %% [markdown]
# With OpenSSL 3.0 and 3.1 it is version 1, from before there were extensions. From 3.2 on it is version 3, and still
# without the two that matter: no SubjectAltName, so no name that a modern verifier reads; no extendedKeyUsage, so it
# may be used for everything. TLS asks for version 3.
#
# And the CA's own certificate:

# %%
[type(each.value).__name__ for each in ca_crt.extensions]

# %% [markdown]
# There is no KeyUsage: it does not say that its key may sign certificates. Python 3.13 insists on that.
#
# Who accepts such certificates? First the course's imitation of the recipe, then its own. `True` is accepted, `None`
# means that the tool is not installed. `ssl` reads common names and forgives, as Python does up to 3.12; `ssl-strict`
# has the rules of 3.13.

# %%
with Pair(imitation) as as_in_the_article:
    by_article = as_in_the_article.verdicts()
by_article

# %%
with Pair(Authority.root("Course root")) as as_in_the_course:
    by_course = as_in_the_course.verdicts()
by_course

# %% [markdown]
# `requests` reads no common name, and `cryptography` no version 1. `openssl verify` forgives the recipe, as long as it
# is not asked to be strict. With `-x509_strict` it minds the CA without KeyUsage. One line more, and where `openssl` is
# installed, carrying out the recipe fails:

# %%
strictly = "openssl verify -x509_strict -purpose sslserver -CAfile ca.crt server2.crt\n"
attempt(carry_out, recipe + strictly)

# %% [markdown]
# ### One key for everything
#
# Without a purpose, a certificate serves as client and as server. So server2's own certificate and key open server2.
#
# > **Danger, on purpose.** `verify=False` is here only because `requests` would otherwise refuse the article's server
# > before it comes to that. It talks to your own machine.

# %%
with Pair(imitation) as pair:
    opened = attempt(requests.get, pair.server2.url, verify=False, cert=pair.server2.identity.files)
opened.verdict

# %%
with Pair(Authority.root("Course root")) as pair:
    refused = attempt(requests.get, pair.server2.url, verify=False, cert=pair.server2.identity.files)
refused.verdict, refused.reason

# %% [markdown]
# The course's certificates say "for servers" or "for clients", and server2 refuses its own. (SSLv3 is long dead: the
# alert has its name from then.)
#
# The article makes it worse. These are its lines that hand out the folder `requirements`, and the folder. Which private
# keys does each container hold?

# %%
handed_out = {
    "server1": ["./requirements:/certs:ro"],
    "server2": ["./requirements:/etc/nginx/certs:ro", "COPY ./requirements /etc/nginx/certs/"],
}
requirements = ["ca.crt", "server1.crt", "server1.key", "server2.crt", "server2.key"]
keys = [name for name in requirements if name.endswith(".key")]
{who: keys for who, lines in handed_out.items() if any("./requirements" in line for line in lines)}

# %% [markdown]
# Both keys, in both. Whoever gets into server1 can be server2, and the other way round. And `COPY` writes them into
# server2's image: whoever can pull that has them, and no later layer takes them out again. A key belongs where it was
# made, and nowhere else.

# %% [markdown]
# ### The least repair
#
# Two additions to the recipe: the CA says what its key is for, and the server's extensions come from a file. Sections 2
# and 4 say what each is good for. And the server's certificate lives for 90 days.

# %%
repaired = """
openssl genrsa -out ca.key 2048
openssl req -x509 -new -key ca.key -out ca.crt -days 365 -subj /CN=ca.com -addext keyUsage=critical,keyCertSign,cRLSign
openssl genrsa -out server2.key 2048
openssl req -new -key server2.key -out server2.csr -subj /CN=server2
openssl x509 -req -in server2.csr -CA ca.crt -CAkey ca.key -out server2.crt -days 90 -extfile server
openssl verify -x509_strict -purpose sslserver -verify_hostname server2 -CAfile ca.crt server2.crt
"""
extensions = "basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature\nextendedKeyUsage=serverAuth\n"
extensions += "subjectAltName=DNS:server2\nauthorityKeyIdentifier=keyid\nsubjectKeyIdentifier=hash\n"
[each.version.name for each in carry_out(repaired, server=extensions)]

# %% [markdown]
# Its last line is OpenSSL's strictest verifier; had it objected, the cell would have failed. And how long does each
# certificate live? First as the article has it, all ending on one day, then as the course does it.

# %%
from labsupport.notebook.figures.authority import lives

course = Authority.root("Course root")
between = course.intermediate("Course clients", valid_for=dt.timedelta(days=180))
client = between.issue("client1", role="client")
show(lives({"article": [ca_crt, server2_crt], "course": [course.certificate, between.certificate, client.certificate]}))

# %% [markdown]
# ## 2. A root
#
# A root is a key, and a certificate that it signed for itself: subject and issuer are the same. What makes it a CA is
# written in its extensions. Here they are in one that every verifier accepts, each with whether it is *critical*: a
# verifier that does not understand a critical extension must refuse the certificate.

# %%
{type(each.value).__name__: each.critical for each in course.certificate.extensions}

# %% [markdown]
# - **BasicConstraints:** this is a CA; how many CAs may follow below it.
# - **KeyUsage:** its key signs certificates, and lists of revoked ones, and nothing else.
# - **SubjectKeyIdentifier:** a short name for the key, so that others can point at it.
# - **AuthorityKeyIdentifier:** which key signed this one. For a root it is its own.
#
# The course's keys are *EC keys*, made on an elliptic curve: shorter and faster than RSA, and used in the same way.
# `cryptography` has a class for everything here. Three little helpers save typing:

# %% setup
from cryptography.hazmat.primitives.serialization import NoEncryption, PrivateFormat


def key_text(key: ec.EllipticCurvePrivateKey) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def key_of(pem: str) -> ec.EllipticCurvePrivateKey:
    key = load_pem_private_key(pem.encode(), None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    return key


# %% setup
def usage(**allowed: bool) -> x509.KeyUsage:
    names = "digital_signature content_commitment key_encipherment data_encipherment key_agreement"
    names += " key_cert_sign crl_sign encipher_only decipher_only"
    return x509.KeyUsage(**{name: allowed.get(name, False) for name in names.split()})


# %% [markdown]
# ### Exercise 1: make a root
#
# Write `root(name)`. It makes an EC key and a certificate for it, signed with that key, and returns both as PEM text:
# `(certificate, private key)`. An empty name raises an exception.
#
# The certificate has `name` as common name of subject and issuer, starts five minutes ago (clocks differ), lives for a
# year, and has BasicConstraints and KeyUsage, both critical, and a SubjectKeyIdentifier.
#
# The judge signs a server's certificate with what you return, and asks strict verifiers.
#
# `root("My root")` → `("-----BEGIN CERTIFICATE-----…", "-----BEGIN PRIVATE KEY-----…")`


# %% exercise="authority-root"
def root(name: str) -> tuple[str, str]:
    """Return (certificate, private key), both PEM, of a new root CA called `name`."""
    ### BEGIN SOLUTION
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    start = dt.datetime.now(dt.UTC) - dt.timedelta(minutes=5)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + dt.timedelta(days=365))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(usage(key_cert_sign=True, crl_sign=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    return certificate.public_bytes(Encoding.PEM).decode(), key_text(key)
    ### END SOLUTION


# %% check="authority-root" points=2
check("authority-root", root)

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# `ec.generate_private_key(ec.SECP256R1())` makes the key. An `x509.CertificateBuilder` is filled step by step, each
# method returning a new builder: `subject_name`, `issuer_name`, `public_key`, `serial_number`, `not_valid_before`,
# `not_valid_after`, and `add_extension` for each extension. `sign`, with the key and `hashes.SHA256()`, ends it.
#
# </details>
#
# <details><summary>Hint 2</summary>
#
# An `x509.Name` takes a list, here of one `x509.NameAttribute`, which takes `NameOID.COMMON_NAME` and the text.
# `x509.random_serial_number` does what it says. `BasicConstraints` wants `ca` and `path_length`, where `None` is no
# limit. The helper `usage` takes the bits by name, `key_cert_sign=True` among them. `SubjectKeyIdentifier` has a method
# that takes a public key. PEM comes out of `public_bytes(Encoding.PEM)` as bytes; `decode()` makes text of them.
#
# </details>

# %% [markdown]
# ## 3. A request
#
# A CA never needs anybody's private key, and a good one never sees one. The holder makes the key, and sends a
# *certificate signing request* (CSR): the public key, the names that are wanted, and a signature with the private key.

# %%
own_key = ec.generate_private_key(ec.SECP256R1())
wanted = x509.SubjectAlternativeName([x509.DNSName(f"client{seed}.test")])
unsigned = x509.CertificateSigningRequestBuilder(x509.Name([])).add_extension(wanted, critical=False)
csr = unsigned.sign(own_key, hashes.SHA256())
csr.is_signature_valid, csr.extensions.get_extension_for_class(x509.SubjectAlternativeName).value

# %% [markdown]
# The signature proves that the sender has the private key: nobody can have *your* public key certified under another
# name without it. One byte changed on the way, and the proof is gone.

# %%
changed = bytearray(csr.public_bytes(Encoding.DER))
changed[changed.find(b"client")] ^= 1
x509.load_der_x509_csr(bytes(changed)).is_signature_valid

# %% [markdown]
# The article writes its names into the subject, as `CN=server2`. That is where people read. Verifiers look into the
# SubjectAltName, which has entries of several kinds: DNS names, IP addresses, URIs.

# %% [markdown]
# ### Exercise 2: ask for a certificate
#
# Write `request(dns, ip, uri)`. It makes an EC key and a request for these names, and returns both as PEM text:
# `(request, private key)`. The subject may be empty. Where no name is given it raises an exception.
#
# The judge reads the names by kind, checks the signature, and compares keys; it asks twice.
#
# `request(["a.test"], ["10.0.0.1"], ["spiffe://course/a"])` asks for one name of each kind.


# %% exercise="authority-request"
def request(dns: list[str], ip: list[str], uri: list[str]) -> tuple[str, str]:
    """Return (request, private key), both PEM: a CSR that asks for these names."""
    ### BEGIN SOLUTION
    names: list[x509.GeneralName] = [x509.DNSName(name) for name in dns]
    names += [x509.IPAddress(ipaddress.ip_address(address)) for address in ip]
    names += [x509.UniformResourceIdentifier(name) for name in uri]
    if not names:
        raise ValueError("a request needs a name")
    key = ec.generate_private_key(ec.SECP256R1())
    builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([]))
    builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    return builder.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM).decode(), key_text(key)
    ### END SOLUTION


# %% check="authority-request" points=2
check("authority-request", request)

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# The cells above make a request for one DNS name. Collect all names in one list, and make one SubjectAltName of it.
#
# </details>
#
# <details><summary>Hint 2</summary>
#
# `x509.IPAddress` wants an address object, which `ipaddress.ip_address` makes of the text. A URI is an
# `x509.UniformResourceIdentifier`.
#
# </details>

# %% [markdown]
# ## 4. Issuing: a request is a wish list
#
# Whatever a CA signs, it stands for. Here is what a stranger sends: a request with a good signature, that asks to be a
# CA.

# %%
greedy = unsigned.add_extension(x509.BasicConstraints(ca=True, path_length=5), critical=True)
greedy_csr = greedy.sign(own_key, hashes.SHA256())
[(type(each.value).__name__, each.critical) for each in greedy_csr.extensions]

# %% [markdown]
# A CA that copies the extensions of a request (openssl's `-copy_extensions copyall` does) has just made another CA,
# trusted by everybody who trusts it.
#
# So a CA composes the certificate itself. What it hashes and signs is that, the *TBSCertificate* ("to be signed"). The
# article says that it signs the hash of the CSR. Here is what the course's CA makes of the request above. Let us ask
# the signature: is it one of the certificate, and is it one of the request?

# %%
issued = course.certify(csr.public_bytes(Encoding.PEM), dns=[f"client{seed}.test"], role="client")
ca_key = course.certificate.public_key()
assert isinstance(ca_key, ec.EllipticCurvePublicKey)
algorithm = ec.ECDSA(hashes.SHA256())
attempt(ca_key.verify, issued.signature, issued.tbs_certificate_bytes, algorithm).verdict

# %%
attempt(ca_key.verify, issued.signature, csr.tbs_certrequest_bytes, algorithm).verdict

# %% [markdown]
# It is one of the certificate alone: nobody has signed the request but its sender.

# %% [markdown]
# ### Keys that are no secret
#
# Machines with poor randomness make RSA keys that share a prime. Two moduli, and the greatest common divisor gives it
# away:

# %%
math.gcd(33, 39), math.gcd(33, 35)

# %% [markdown]
# 33 and 39 share 3, and both keys are broken. It works at 2048 bits in microseconds. A CA that knows other moduli can
# look, and refuse.
#
# ### Exercise 3: issue to strangers
#
# Write `issue(csr_pem, allowed, known_moduli, ca_pem, ca_key_pem)`. It returns a client certificate, PEM text, or
# raises an exception. It signs only when
#
# - the request is PEM that can be read, and its own signature is valid,
# - it has names, all of them are DNS names, and each is in `allowed`, exactly,
# - an RSA key has 2048 bits or more, and no factor in common with one of `known_moduli`.
#
# Whatever else a request wishes for is no reason to refuse it; it is just not granted.

# %% [markdown]
# The certificate has
#
# - an empty subject, and the requested names as SubjectAltName, which therefore is critical (RFC 5280),
# - BasicConstraints (no CA) and KeyUsage (`digital_signature`, for handshakes), both critical,
# - ExtendedKeyUsage: clientAuth alone, not critical,
# - SubjectKeyIdentifier for the requester's key, AuthorityKeyIdentifier for the CA's,
# - a random serial number of 64 bits or more,
# - a life of 30 days that begins five minutes ago, and ends no later than the CA's.
#
# The judge hands in some thirty requests.


# %% exercise="authority-issue"
def issue(csr_pem: str, allowed: list[str], known_moduli: list[int], ca_pem: str, ca_key_pem: str) -> str:
    """Return the PEM certificate of a client for a sound request; raise an exception for any other."""
    ### BEGIN SOLUTION
    asked = x509.load_pem_x509_csr(csr_pem.encode())
    if not asked.is_signature_valid:
        raise ValueError("the sender has not proven that the key is theirs")
    entries = list(asked.extensions.get_extension_for_class(x509.SubjectAlternativeName).value)
    if not entries or any(not isinstance(entry, x509.DNSName) or entry.value not in allowed for entry in entries):
        raise ValueError("a name is not in the allowance")
    key = asked.public_key()
    if isinstance(key, rsa.RSAPublicKey):
        modulus = key.public_numbers().n
        if key.key_size < 2048 or any(math.gcd(modulus, known) > 1 for known in known_moduli):
            raise ValueError("the key is no secret, or soon will be none")
    ca = x509.load_pem_x509_certificate(ca_pem.encode())
    start = dt.datetime.now(dt.UTC) - dt.timedelta(minutes=5)
    identifier = ca.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    certificate = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([]))
        .issuer_name(ca.subject)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(min(start + dt.timedelta(days=30), ca.not_valid_after_utc))
        .add_extension(x509.SubjectAlternativeName(entries), critical=True)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(usage(digital_signature=True), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier), critical=False)
        .sign(key_of(ca_key_pem), hashes.SHA256())
    )
    return certificate.public_bytes(Encoding.PEM).decode()
    ### END SOLUTION


# %% check="authority-issue" points=3
check("authority-issue", issue)

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# Read first and refuse first; the builder comes last, and looks like the one of exercise 1. From the request it takes
# the public key and the names. `x509.load_pem_x509_csr` reads a request, `x509.load_pem_x509_certificate` the CA's
# certificate, and the helper `key_of` its key. The first two want bytes: `encode()` makes them of text.
#
# </details>
#
# <details><summary>Hint 2</summary>
#
# A SubjectAltName can be walked like a list; look at the class of each entry as well as at its value. An RSA key is an
# `rsa.RSAPublicKey`, with a `key_size` and, among its `public_numbers()`, an `n`. The AuthorityKeyIdentifier is made of
# the CA's SubjectKeyIdentifier: it has a method for that. The earlier of two dates is their `min`.
#
# </details>

# %% [markdown]
# ## 5. Request and certificate, byte by byte
#
# A request does not *become* a certificate. Here is the request once more, and below it what the course's CA made of
# it. **Predict:** which bytes did the CA take over?

# %%
from labsupport.notebook.figures.authority import ribbons

show(ribbons(csr, issued))

# %% [markdown]
# The public key, byte by byte: the *SubjectPublicKeyInfo*, which names the algorithm and holds the key. The name is the
# same here because the CA granted it, and wrote it anew. Length, hash and signature differ. And a certificate for
# another key, of a client with the same name:

# %%
show(ribbons(csr, course.issue(f"client{seed}.test", role="client").certificate))

# %% [markdown]
# ### Exercise 4: what they share
#
# Write `shared_key(csr_der, certificate_der)`: return `(offset in the request, offset in the certificate, length)` of
# the SubjectPublicKeyInfo, or `None` where the certificate is for another key. Offsets and length count bytes; an
# offset is the number of bytes before. What is no request in DER raises an exception of any kind.
#
# For the first figure it returns about `(11, 128, 91)`, for the second `None`.


# %% exercise="authority-shared"
def shared_key(csr_der: bytes, certificate_der: bytes) -> tuple[int, int, int] | None:
    """Return (offset in the request, offset in the certificate, length) of the SubjectPublicKeyInfo they share."""
    ### BEGIN SOLUTION
    public = x509.load_der_x509_csr(csr_der).public_key()
    info = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    if info not in certificate_der:
        return None
    return csr_der.index(info), certificate_der.index(info), len(info)
    ### END SOLUTION


# %% check="authority-shared" points=1
check("authority-shared", shared_key)

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# A public key can be written on its own: `public_bytes` with the format `SubjectPublicKeyInfo`, in DER.
#
# </details>
#
# <details><summary>Hint 2</summary>
#
# `bytes` can be searched like text, with `in` and `index`.
#
# </details>

# %% [markdown]
# ## 6. Autopsy
#
# Eight faults, which the table below explains, each in a certificate for a server, or in that of its CA, both sound
# otherwise. **Predict:** is there a verifier that minds them all?

# %%
from labsupport.notebook.figures.authority import minded
from labsupport.notebook.figures.authority_verdicts import verdicts_by_defect

show(minded(verdicts_by_defect("server2")))

# %% [markdown]
# None minds them all, and two faults nobody minds. Without a purpose the certificate serves as client, too; one that
# outlives its CA fails on a day that nobody has in the calendar. So one looks for oneself.
#
# `requests` has the rules of the Python that it runs on, and reads no common name.

# %% [markdown]
# ### Exercise 5: find all faults
#
# Write `autopsy(leaf_pem, ca_pem, role)`. The *leaf* is the certificate at the end, that of a server or client; `role`,
# `"client"` or `"server"`, says which. Return the list of all faults, in the order of this table; an empty list for
# sound certificates. What is no certificate in PEM raises an exception of any kind.
#
# | fault | meaning |
# |---|---|
# | `"version-1"` | the leaf is X.509 version 1 (then list no fault of its extensions) |
# | `"no-san"` | the leaf has no SubjectAltName |
# | `"no-purpose"` | it has no ExtendedKeyUsage |
# | `"wrong-purpose"` | it has one, without the purpose of its role |
# | `"may-sign"` | it is a CA itself |
# | `"no-authority-key-identifier"` | it has none |
# | `"outlives-ca"` | it ends later than the CA |
# | `"ca-without-key-usage"` | the CA has no KeyUsage |


# %% exercise="authority-autopsy"
def autopsy(leaf_pem: str, ca_pem: str, role: str) -> list[str]:
    """Return the names of all faults in the table that the two certificates have."""
    ### BEGIN SOLUTION
    leaf, ca = (x509.load_pem_x509_certificate(pem.encode()) for pem in (leaf_pem, ca_pem))
    there = {type(each.value): each.value for each in leaf.extensions}
    purposes, constraints = there.get(x509.ExtendedKeyUsage), there.get(x509.BasicConstraints)
    wanted = ExtendedKeyUsageOID.CLIENT_AUTH if role == "client" else ExtendedKeyUsageOID.SERVER_AUTH
    old = leaf.version is x509.Version.v1
    found = {
        "version-1": old,
        "no-san": not old and x509.SubjectAlternativeName not in there,
        "no-purpose": not old and purposes is None,
        "wrong-purpose": purposes is not None and wanted not in list(purposes),
        "may-sign": constraints is not None and constraints.ca,
        "no-authority-key-identifier": not old and x509.AuthorityKeyIdentifier not in there,
        "outlives-ca": leaf.not_valid_after_utc > ca.not_valid_after_utc,
        "ca-without-key-usage": x509.KeyUsage not in [type(each.value) for each in ca.extensions],
    }
    return [fault for fault, is_there in found.items() if is_there]
    ### END SOLUTION


# %% check="authority-autopsy" points=2
check("authority-autopsy", autopsy)

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# A dict of the leaf's extensions by their class answers most questions: `{type(each.value): each.value for …}`.
#
# </details>
#
# <details><summary>Hint 2</summary>
#
# Write a dict of fault and truth in the order of the table, and return the faults that are true. Only two lines need
# the CA.
#
# </details>

# %% [markdown]
# The article's pair on your table. The card stays neutral until you have written the function.

# %%
article_pems = [each.public_bytes(Encoding.PEM).decode() for each in (server2_crt, ca_crt)]
attempt(autopsy, *article_pems, "server")

# %% [markdown]
# Version 1, or with OpenSSL from 3.2 on no names and no purpose, and a CA without KeyUsage. And where a second passed
# between two lines of the recipe, the leaf outlives its CA: both get 365 days, counted from different moments.

# %% [markdown]
# ## 7. An intermediate
#
# A root's key should rest in a safe. Day by day an *intermediate* signs, a CA that the root has signed, with less
# power: this one may certify clients only, and no further CA.

# %%
from labsupport.notebook.figures.authority import signers

show(signers([client.certificate, between.certificate, course.certificate]))

# %% [markdown]
# The server trusts the root and has never heard of the intermediate. So the client sends it along: its own
# certificate first, then the one that signed it, and so on; the root stays at home, because whoever verifies must have
# it already.
#
# **Predict:** what happens if the client sends its own certificate alone?

# %%
with Pair(course) as pair:
    along = attempt(requests.get, pair.server2.url, verify=course.ca_path, cert=client.files)
    # The same file, without the intermediate
    Path(client.cert_path).write_bytes(client.certificate_pem)
    alone = attempt(requests.get, pair.server2.url, verify=course.ca_path, cert=client.files)
along.verdict, alone.verdict, alone.reason

# %% [markdown]
# `UNKNOWN_CA`: the server cannot find who signed. It does not lack trust, but a link.
#
# And path length 0 means what it says. The course's own authority declines to go further:

# %%
attempt(between.intermediate, "one more").fault

# %% [markdown]
# ### Exercise 6: an intermediate, and the chain
#
# Write two functions.
#
# `intermediate(name, root_pem, root_key_pem)` returns `(certificate, private key)`, both PEM: a CA below the root, with
# `name` as common name and a key of its own. BasicConstraints (path length 0) and KeyUsage (the root's) are critical;
# ExtendedKeyUsage is clientAuth alone; both identifiers are there; it ends no later than the root.
#
# `chain(certificates, root_pem)` gets PEM certificates in any order: one leaf, the intermediates that lead to the root,
# perhaps the root, perhaps strangers. It returns what the client sends, as one text. Both raise an exception of any
# kind for what is no certificate in PEM.

# %% [markdown]
# The judge lets your intermediate sign a client, a server and one more CA. Strict verifiers must accept the first and
# refuse the others, with the codes 26 (purpose) and 25 (path length).
#
# `chain([intermediate, leaf], root)` → `leaf + intermediate`


# %% exercise="authority-intermediate"
def intermediate(name: str, root_pem: str, root_key_pem: str) -> tuple[str, str]:
    """Return (certificate, private key), both PEM, of a CA for clients below the root."""
    ### BEGIN SOLUTION
    top = x509.load_pem_x509_certificate(root_pem.encode())
    identifier = top.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
        .issuer_name(top.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(dt.datetime.now(dt.UTC) - dt.timedelta(minutes=5))
        .not_valid_after(top.not_valid_after_utc)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage(key_cert_sign=True, crl_sign=True), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier), critical=False)
        .sign(key_of(root_key_pem), hashes.SHA256())
    )
    return certificate.public_bytes(Encoding.PEM).decode(), key_text(key)
    ### END SOLUTION


def chain(certificates: list[str], root_pem: str) -> str:
    """Return what a peer sends: the leaf, then each issuer in turn, without the root."""
    ### BEGIN SOLUTION
    pile = [x509.load_pem_x509_certificate(pem.encode()) for pem in certificates]

    def signed(child: x509.Certificate, parent: x509.Certificate) -> bool:
        try:
            child.verify_directly_issued_by(parent)
        except Exception:
            return False
        return child != parent

    above = x509.load_pem_x509_certificate(root_pem.encode())
    line: list[x509.Certificate] = []
    while below := [each for each in pile if signed(each, above) and each not in line]:
        above = below[0]
        line.insert(0, above)
    return "".join(each.public_bytes(Encoding.PEM).decode() for each in line)
    ### END SOLUTION


# %% check="authority-intermediate" points=2
check("authority-intermediate", intermediate, chain)

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# The intermediate is exercise 1 with another signer and three more extensions. Take subject and SubjectKeyIdentifier
# of the root from its certificate.
#
# </details>
#
# <details><summary>Hint 2</summary>
#
# Begin at the root, which you know, and look in the pile for what it signed, then for what that one signed. Names do
# not tell: `verify_directly_issued_by` raises where the name or the signature does not fit.
#
# </details>

# %% [markdown]
# ## 8. Your authority at work
#
# Everything together: your root signs for the two servers, a client makes a request, you issue, and server2 judges.


# %%
def with_my_authority() -> requests.Response:
    mine, mine_key = root("My root")
    asked, asked_key = request([f"client{seed}.test"], [], [])
    answer = issue(asked, [f"client{seed}.test"], [], mine, mine_key)
    with Pair(Authority.load(mine, mine_key)) as own, tempfile.TemporaryDirectory() as folder:
        cert, key, ca = (f"{folder}/{name}.pem" for name in ("cert", "key", "ca"))
        for path, content in ((cert, answer), (key, asked_key), (ca, mine)):
            Path(path).write_text(content)
        return requests.get(own.server2.url, verify=ca, cert=(cert, key), timeout=5)


attempt(with_my_authority)

# %% [markdown]
# And beside it the refusal: a client of another root, with the same name.

# %%
stranger = Authority.root("My root").issue(f"client{seed}.test", role="client")
with Pair(course) as pair:
    outcome = attempt(requests.get, pair.server2.url, verify=course.ca_path, cert=stranger.files)
outcome.verdict, outcome.reason

# %% [markdown]
# ## Four sentences to be careful with
#
# - *"The CA creates my private key."* It should never see it; the request proves that you have it.
# - *"The request becomes the certificate."* They share the public key. The rest the CA writes itself.
# - *"The common name is the identity."* Verifiers read the SubjectAltName.
# - *"Both ends need the same CA."* Each needs to trust the one that signed for the other.

# %% [markdown]
# ## Take it to work
#
# The extensions of a client, in a file `client.ext` of their own, so that nothing is copied from the request:
#
# ```ini
# basicConstraints=critical,CA:FALSE
# keyUsage=critical,digitalSignature
# extendedKeyUsage=clientAuth
# subjectAltName=DNS:client1.test
# subjectKeyIdentifier=hash
# authorityKeyIdentifier=keyid
# ```
#
# ```sh
# openssl req -in client1.csr -noout -verify -text
# openssl x509 -req -in client1.csr -CA ca.crt -CAkey ca.key -days 30 -extfile client.ext -out client1.crt
# openssl verify -x509_strict -purpose sslclient -CAfile ca.crt client1.crt
# ```

# %% [markdown]
# In Go, the same decisions are fields of a template. Whether the request's own signature is valid, nobody asks unless
# you do:
#
# ```go
# if err := request.CheckSignature(); err != nil {
#     return nil, err
# }
# template := &x509.Certificate{
#     SerialNumber: serial, NotBefore: start, NotAfter: end, DNSNames: allowed,
#     KeyUsage:     x509.KeyUsageDigitalSignature,
#     ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
#     BasicConstraintsValid: true,
# }
# der, err := x509.CreateCertificate(rand.Reader, template, ca, request.PublicKey, caKey)
# ```
#
# In Kubernetes, with cert-manager:
#
# ```yaml
# apiVersion: cert-manager.io/v1
# kind: Certificate
# metadata: {name: client1}
# spec:
#   secretName: client1-tls
#   dnsNames: [client1.test]
#   usages: [digital signature, client auth]
#   duration: 720h
#   issuerRef: {name: course-clients, kind: Issuer}
# ```
#
# **The mistake seen most in the field:** one folder with the keys of all services, mounted into each of them.

# %% [markdown]
# ## What you can do now
#
# - *Make:* a root, a request, a certificate; each extension says one thing, and some verifier misses it.
# - *Refuse:* names outside the allowance, keys that are no secret, wishes beyond the names.
# - *Autopsy:* version 1, no names, no purpose, a CA without KeyUsage; and the least repair.
# - *Chain:* leaf first, then who signed it; the root stays at home.
#
# Lesson **05, The handshake under the microscope**, continues from here; until it is there, go on with lesson **06**.

# %%
progress()
