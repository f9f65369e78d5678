# %% [markdown]
# # The whole story in five minutes
#
# You will be able to
#
# - say who **server1**, **server2**, the **outsider** and **somebody inside** are, and who should reach whom,
# - watch five requests meet a server that asks for certificates, and see which side refuses each,
# - work an exercise of this course: answer, check, hint, map.
#
# Five minutes to read and run; five more for the warm-up.
#
# Everything here runs on your own machine: two real servers on loopback (the network inside it), real certificates
# made on the spot, no internet.

# %% parameters
seed = 7

# %% setup
import requests

from labsupport import Authority, Pair, attempt, check, progress, show

# %% [markdown]
# ## The scenario
#
# **server1** faces the internet. **server2** stands behind it on the local network and holds what is worth
# protecting. server1 is meant to be the only one that reaches server2. For everybody else it is the door: they ask
# server1, and server1 asks server2.
#
# Ordinary TLS settles half of it: a client checks who the *server* is. **Mutual TLS** adds the other half: the
# server checks who the *client* is.

# %% [markdown]
# For that both need a *certificate*: a signed statement that a name and a public key belong together. It may be shown
# to anybody. Only the holder has the private key that goes with it, and can prove to be meant. Who signs certificates
# is called a certificate authority (CA). Ours is made in one line.

# %%
authority = Authority.root("Course root")
pair = Pair(authority).start()
pair

# %%
show(pair)

# %% [markdown]
# Read the arrows as *checks*. Between server1 and server2 there are two, one in each direction: that is all that
# the word *mutual* means.
#
# The dashed arrow is the case that firewalls forget: somebody who is already inside. server2's port is open to
# them. What keeps them out is that they have no certificate that server2 trusts.

# %% [markdown]
# ## Five requests
#
# A client gets a certificate from the CA. A stranger signs one for themselves, with the same name in it.

# %%
client = authority.issue(f"client{seed}", role="client")
stranger = Authority.self_signed(f"client{seed}")
url, ca = pair.server2.url, authority.ca_path

# %% [markdown]
# Now the same request to server2, five times. `verify=` says whom the client trusts, `cert=` what it shows of
# itself. `attempt` runs the call and hands back what came of it, a refusal included, so that no cell ends in a
# traceback.
#
# > **Danger, on purpose.** One of the five switches verification off (`verify=False`). No program in service may
# > do that. Here it talks to your own machine.

# %%
five = {
    "no-ca": attempt(requests.get, url),
    "ca-no-certificate": attempt(requests.get, url, verify=ca),
    "insecure-no-certificate": attempt(requests.get, url, verify=False),
    "self-signed-certificate": attempt(requests.get, url, verify=ca, cert=stranger.files),
    "ca-signed-certificate": attempt(requests.get, url, verify=ca, cert=client.files),
}
show(five)

# %% [markdown]
# One request of five is let in. The four others fail for different reasons, and not all on the same side:
#
# - without the CA's certificate it is the **client** that walks away: it cannot tell who answers;
# - without a certificate of its own the client is satisfied, and the **server** is not;
# - switching verification off changes nothing for the server: it still wants to know who is there;
# - a certificate that its holder signed is no better than none.
#
# Clients see only their own side. The witness is server2's log:

# %%
pair.server2.log

# %% [markdown]
# ## Through the door
#
# An outsider has no certificate, and needs none: server1 takes the request, and asks server2 under *its own* name.
# Look at whom server2 greets.

# %%
attempt(requests.get, pair.server1.url, verify=ca)

# %% [markdown]
# The same outsider, or somebody inside the network, going *round* server1:

# %%
attempt(requests.get, pair.server2.url, verify=ca)

# %% [markdown]
# ## How the exercises work
#
# An exercise asks for one function. You write it in the marked cell, run the cell, then run the check below.
#
# The check calls your function with fresh numbers each time and compares with a judge of its own, so there is no
# answer key to find. Its card says what was tried, what was expected and what came. Where it recognises a mistake,
# it says so in one sentence. Try wrong answers: nothing is lost, and your map keeps the best result.
#
# Two hints stand folded below each exercise.

# %% [markdown]
# ### Warm-up: does this signature hold?
#
# A CA signs by turning a message into a number that only it can make. Everybody can check that number with the CA's
# public key, a pair of numbers `e` and `n`: raise the signature to the power `e`, divide by `n`, and look at the
# remainder. If the message comes out, the signature is genuine.
#
# With `e = 3` and `n = 33`, the signature of the message 5 is 14: the remainder of 14 · 14 · 14 = 2744 divided by
# 33 is 5.
#
# Write `verifies(message, signature, e, n)`. `verifies(5, 14, 3, 33)` is `True`, `verifies(6, 14, 3, 33)` is
# `False`.


# %% exercise="start-verifies"
def verifies(message: int, signature: int, e: int, n: int) -> bool:
    """Return whether `signature`, raised to the public exponent e modulo n, gives back `message`."""
    ### BEGIN SOLUTION
    return pow(signature, e, n) == message
    ### END SOLUTION


# %% check="start-verifies" points=1
check("start-verifies", verifies)

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# In Python `**` is the power and `%` the remainder. `2744 % 33` is 5.
#
# </details>
#
# <details><summary>Hint 2</summary>
#
# The function returns the result of a comparison, which is `True` or `False`. `pow` with three arguments does power
# and remainder in one step, and stays fast when the numbers have hundreds of digits.
#
# </details>

# %% [markdown]
# These numbers are toys: anybody can find the private key behind `n = 33`. Lesson 01 makes them large, lesson 02
# shows why a signature needs padding as well, and lesson 03 verifies a real certificate with your own code.

# %% [markdown]
# ## Your map
#
# `progress()` draws where you stand. It is kept in a file beside your notebooks and belongs to you alone.

# %%
progress()

# %% [markdown]
# ## Take it to work
#
# The one control that this tour was about: *ask for a client certificate, verify it against a CA of your own,
# refuse the rest.*
#
# ```nginx
# server {
#     listen 8443 ssl;
#     server_name server2.test;
#     ssl_protocols TLSv1.2 TLSv1.3;
#     ssl_certificate /etc/nginx/tls/server2.crt.pem;
#     ssl_certificate_key /etc/nginx/tls/server2.key.pem;
#     ssl_client_certificate /etc/nginx/tls/client-ca.pem;
#     ssl_verify_client on;
#     location / { return 200 "hello $ssl_client_s_dn\n"; }
# }
# ```
#
# nginx refuses in its own manner: TLS succeeds, and the answer is HTTP 400. Lesson 06 looks at the difference.

# %% [markdown]
# The same in Go's `crypto/tls`:
#
# ```go
# pool := x509.NewCertPool()
# pool.AppendCertsFromPEM(clientCA)
# config := &tls.Config{ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: pool}
# ```
#
# And in Kubernetes, for a namespace in an Istio mesh:
#
# ```yaml
# apiVersion: security.istio.io/v1
# kind: PeerAuthentication
# metadata: {name: default, namespace: server2}
# spec: {mtls: {mode: STRICT}}
# ```
#
# **The mistake seen most in the field:** asking without insisting. `ssl_verify_client optional`,
# `RequestClientCert` and `PERMISSIVE` all let a client without a certificate in, and every test with a good
# certificate still passes.

# %% [markdown]
# ## What you can do now
#
# - *Who is who:* server1 is the exposed proxy, server2 the protected server; outsiders go through server1, and
#   nobody gets round it, not even from inside the network.
# - *Which side refuses:* the client, when it cannot verify the server; the server, when it cannot verify the
#   client. The server's log knows both.
# - *How to work:* predict, run, explain; answer, check, hint.
#
# Next: **06, Five requests and a proxy**, where this story is taken apart and put together again by you. Lessons 01 to
# 05 lay the ground for it, from RSA to the handshake; it can be read without them.

# %%
pair.close()
