# %% [markdown]
# # RSA you can hold in your hand
#
# You will be able to
#
# - make an RSA key from two primes, and say why its private exponent works,
# - sign and verify a number by hand, and see that real keys do the same,
# - say what protects a private key, and what each bit of its size is worth,
# - forge a signature where nothing but the number is signed, and say what was missing.
#
# About 60 minutes. School mathematics is enough; lesson 00 is a good start and not required.

# %% parameters
seed = 7

# %% setup
import math
import random

from labsupport import Authority, attempt, check, progress, show

# %% [markdown]
# > **Danger, on purpose.** What you write here is *textbook RSA*: it shows how signatures work, and section 6 breaks
# > it. Real programs take RSA from a library, with padding, and with keys hundreds of times as long.

# %% [markdown]
# ## 1. A key from two primes
#
# Take two primes, 3 and 11. Their product n is called the *modulus*: from now on all numbers are remainders of a
# division by n, from 0 to n - 1. To count *modulo n* is to keep the remainder alone. In Python `**` is the power and
# `%` the remainder: `2**6 % 33` is what 64 leaves, 31.
#
# The product of p - 1 and q - 1 is needed as well. The article calls it φ(n), the cell `phi`.

# %%
p, q = 3, 11
n = p * q
phi = (p - 1) * (q - 1)
n, phi

# %% [markdown]
# The *public exponent* e may be any number above 1 that shares no factor with p - 1 and q - 1. Take 3.
#
# The *private exponent* d undoes it: e · d must leave 1 when divided by `phi`, 20. Let us try all numbers up to 40.

# %%
e = 3
[candidate for candidate in range(1, 41) if e * candidate % phi == 1]

# %% [markdown]
# Take d = 7. That is the key: e = 3 and n = 33 are public, d = 7 is secret, and so are the primes.
#
# To sign the number 5, its owner raises it to the power d. To verify, anybody raises the result to the power e.
#
# **Predict:** the cell shows two numbers. What will the second be?

# %%
signature = 5**7 % 33
signature, signature**3 % 33

# %% [markdown]
# ### Why does 5 come back?
#
# Raising to 7 and then to 3 is raising to 21. So 5 to the power 21 must be 5 again. Here are the powers of 5, from 0
# to 21.

# %%
" ".join(str(5**power % 33) for power in range(22))

# %% [markdown]
# After ten steps they begin anew, and 21 is two rounds and one step. Exponents go round in a circle, and e · d makes
# a whole number of rounds and one step more.
#
# How long is the circle? Look at the two primes one by one. Modulo 11, ten steps lead every number but 0 to 1; modulo
# 3, two steps do. For any prime p it is p - 1 steps: Fermat's little theorem.

# %%
[number**10 % 11 for number in range(1, 11)], [number**2 % 3 for number in (1, 2)]

# %% [markdown]
# What leads round modulo 3 and modulo 11 leads round modulo 33: a difference that both divide is a multiple of 33. So
# the circle is no longer than the least common multiple of p - 1 and q - 1, which is 10. The article says 20, a
# multiple of it: its d works too. Counted modulo 10 or modulo 20, 3 · 7 leaves 1.

# %%
math.lcm(p - 1, q - 1), 3 * 7 % 10, 3 * 7 % 20

# %% [markdown]
# It works for all 33 numbers, also for those that have a factor in common with 33: modulo that factor they are 0, and
# stay 0. `pow(x, power, n)` is `x**power % n`, without the large number in between.

# %%
all(pow(pow(number, 7, n), 3, n) == number for number in range(n))

# %% [markdown]
# Raising to the power 3 mixes the 33 numbers, as one mixes cards: each of them comes up once, so there is a way back.
#
# 5 shares a factor with q - 1 = 10. **Predict:** what will the picture of power 5 look like?

# %%
from labsupport.notebook.figures.rsa import powers

show(powers(33, 3, 5))

# %% [markdown]
# Power 5 throws many numbers onto one: nobody can tell where a 10 came from. That is why e may share no factor with
# p - 1 or q - 1.
#
# Nine numbers stay where they are under power 3: each is its own signature. With real keys such numbers exist as
# well. They are so rare that nobody meets one by accident.

# %% [markdown]
# ### Exercise 1: make a key
#
# Write `keypair(p, q, e)`. It returns `(n, d)`: the modulus n = p · q, and a private exponent d from 1 to n - 1 that
# undoes e: e · d leaves 1 modulo p - 1 and modulo q - 1.
#
# Where no key can be made it raises `ValueError`: p and q are equal (not all numbers would come back), one of p, q and
# e is below 2, or e shares a factor with p - 1 or q - 1. What is no int at all raises an exception of any kind.
#
# The judge draws primes of up to 256 bits. Every d that undoes e is right.
#
# `keypair(3, 11, 3)` → `(33, 7)`


# %% exercise="rsa-keypair"
def keypair(p: int, q: int, e: int) -> tuple[int, int]:
    """Return (n, d) for the primes p and q and the public exponent e."""
    ### BEGIN SOLUTION
    if p < 2 or q < 2 or p == q:
        raise ValueError("p and q must be two different primes")
    order = math.lcm(p - 1, q - 1)
    if e < 2 or math.gcd(e, order) != 1:
        raise ValueError("e must be more than 1 and share no factor with p - 1 and q - 1")
    return p * q, pow(e, -1, order)
    ### END SOLUTION


# %% check="rsa-keypair" points=2
check("rsa-keypair", keypair)

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# n is a product. For d, count modulo (p - 1)(q - 1), which is 20 in the example: which multiple of 3 is one more than
# a multiple of 20?
#
# </details>
#
# <details><summary>Hint 2</summary>
#
# Trying one d after another ends for small primes only. `pow` takes a negative exponent where it is given a modulus
# as well, and exercise 2 shows how that is done by hand. `math.gcd` tells whether two numbers share a factor.
#
# </details>

# %% [markdown]
# Two primes of your own, drawn from the seed, and an exponent that fits. The card stays neutral until you have written
# the function.

# %%
draw = random.Random(seed)
mine = draw.sample([number for number in range(11, 100) if all(number % k for k in range(2, 10))], 2)
own_e = next(k for k in (3, 5, 7, 11, 13, 17, 19) if all((prime - 1) % k for prime in mine))
mine, own_e

# %%
attempt(keypair, *mine, own_e)

# %% [markdown]
# ## 2. The inverse, by Euclid
#
# Trying every d works for 20 and not for a number of 600 digits. Euclid's algorithm finds it in a few steps. It
# divides, and goes on with divisor and remainder, until nothing remains. `divmod` gives quotient and remainder.

# %%
divmod(20, 3), divmod(3, 2), divmod(2, 1)

# %% [markdown]
# The last remainder before 0 is the *greatest common divisor*, which divides both numbers: here 1. Read the divisions
# as equations: 2 is 20 - 6 · 3, and 1 is 3 - 1 · 2. Put the first into the second:
#
# $1 = 3 - (20 - 6 \cdot 3) = 7 \cdot 3 - 1 \cdot 20$
#
# So 7 · 3 is 1, but for a multiple of 20: there is our d. It falls out of the divisions if one keeps book of how each
# remainder is made of the two numbers at the beginning.
#
# Where the greatest common divisor is more than 1 there is no inverse: 4 times a number is even, and leaves an even
# number modulo 20, never 1.

# %% [markdown]
# ### Exercise 2: Euclid, with bookkeeping
#
# Write two functions.
#
# `egcd(a, b)` returns `(g, x, y)`: g is the greatest common divisor, never negative (of 0 and 0 it is 0), and
# a · x + b · y is g. All such x and y are right.
#
# `modinv(a, n)` returns the number from 0 to n - 1 that, times a, leaves 1 modulo n. It raises `ValueError` where
# there is none, and for n below 2.
#
# The judge tries negative numbers, zero, and numbers of 2048 bits.
#
# `egcd(20, 3)` → `(1, -1, 7)`, for -20 + 21 = 1
#
# `modinv(3, 20)` → `7`
#
# `modinv(4, 20)` raises `ValueError`


# %% exercise="rsa-inverse"
def egcd(a: int, b: int) -> tuple[int, int, int]:
    """Return (g, x, y) with g = gcd(a, b) = a*x + b*y."""
    ### BEGIN SOLUTION
    x, y, next_x, next_y = 1, 0, 0, 1
    while b:
        quotient = a // b
        a, b = b, a - quotient * b
        x, next_x = next_x, x - quotient * next_x
        y, next_y = next_y, y - quotient * next_y
    return (a, x, y) if a >= 0 else (-a, -x, -y)
    ### END SOLUTION


def modinv(a: int, n: int) -> int:
    """Return the number from 0 to n - 1 that, multiplied by a, leaves 1 modulo n."""
    ### BEGIN SOLUTION
    if n < 2:
        raise ValueError("the modulus must be 2 or more")
    g, x, _ = egcd(a, n)
    if g != 1:
        raise ValueError(f"{a} has no inverse modulo {n}")
    return x % n
    ### END SOLUTION


# %% check="rsa-inverse" points=2
check("rsa-inverse", egcd, modinv)

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# Write rows of three numbers: remainder, x, y. The first is (20, 1, 0), the second (3, 0, 1). Take the second from
# the first as often as it goes, six times, and the next row is (2, 1, -6). In every row 20 · x + 3 · y is the
# remainder.
#
# </details>
#
# <details><summary>Hint 2</summary>
#
# The row before the one with remainder 0 is the answer; only its sign may need a change. A loop comes to the end
# where a function that calls itself meets Python's limit of about a thousand calls. And x may be negative: the
# remainder modulo n is not.
#
# </details>

# %% [markdown]
# Python has this built in: `pow` with the exponent -1. Its speed at real sizes is Euclid's.

# %%
pow(3, -1, 20), pow(65537, -1, 2**2048 + 1).bit_length() > 2000

# %% [markdown]
# ## 3. Large powers, few steps

# %% setup
from collections.abc import Callable

# %% [markdown]
# A real d has 600 digits. Multiplying 5 with itself that often would outlast the sun, and the number that came of it
# would not fit into all memory there is.
#
# Two ideas help: take the remainder after each multiplication, and *square*. Each number below is the square of the
# one before it, so they are 5 to the powers 1, 2, 4 and 8.

# %%
squares = [5]
while len(squares) < 4:
    squares.append(squares[-1] * squares[-1] % 33)
squares

# %% [markdown]
# 13 is 8 + 4 + 1, or 1101 in the binary system: each digit, a *bit*, tells whether a square is taken.
#
# **Predict:** how many multiplications does 5 to the power 13 take, the three squarings included?

# %%
4 * 31 % 33 * 5 % 33, pow(5, 13, 33)

# %% [markdown]
# Five: three squarings, and two that put 4, 31 and 5 together. The picture counts them for exponents of more bits, all
# of them ones, which is the dearest case.

# %%
from labsupport.notebook.figures.rsa import cost

show(cost())

# %% [markdown]
# ### Exercise 3: square and multiply
#
# Write `modexp(mul, base, exponent)`: base to the power exponent, modulo a number n that you are not told. It is
# `mul(a, b)` that multiplies modulo n. That function belongs to the judge, who counts: two multiplications for each
# bit of the exponent are allowed. The exponents have up to 2048 bits.
#
# To the power 0 every number gives 1. A negative exponent raises `ValueError`.
#
# With `mul = lambda a, b: a * b % 33`:
#
# `modexp(mul, 5, 7)` → `14`, in at most 6 multiplications, for 7 has three bits


# %% exercise="rsa-modexp"
def modexp(mul: Callable[[int, int], int], base: int, exponent: int) -> int:
    """Return base**exponent modulo n; mul(a, b) multiplies modulo n, and the judge counts its calls."""
    ### BEGIN SOLUTION
    if exponent < 0:
        raise ValueError("the exponent is negative")
    result = 1
    while exponent:
        if exponent % 2:
            result = mul(result, base)
        exponent //= 2
        if exponent:
            base = mul(base, base)
    return result
    ### END SOLUTION


# %% check="rsa-modexp" points=2
check("rsa-modexp", modexp)

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# 7 is 4 + 2 + 1, so 5⁷ is 5⁴ · 5² · 5. And 5⁴ comes of 5² in one multiplication.
#
# </details>
#
# <details><summary>Hint 2</summary>
#
# Go through the bits from the right: the remainder modulo 2 is the last bit, halving drops it. Two numbers travel
# along: the product so far, and the base that is squared from bit to bit.
#
# </details>

# %% [markdown]
# ## 4. Signing and verifying
#
# Only the holder of d can make 14 out of 5. Everybody who knows e and n can make 5 out of 14. That is a signature.
#
# It is often called *encrypting with the private key*. But nothing is hidden: everybody can undo it, and is meant to.
# And whoever verifies needs e and n only, neither p - 1 nor q - 1 nor anything made of them.

# %% [markdown]
# ### Exercise 4: sign and verify
#
# Write two functions.
#
# `sign(message, d, n)` returns the message to the power d, modulo n. A message that is not between 0 and n - 1 raises
# `ValueError`.
#
# `verify(message, signature, e, n)` returns `True` if the signature is between 0 and n - 1 and its power e, modulo n,
# is the message. In all other cases it returns `False`. What is no int at all raises an exception of any kind.
#
# The judge tries every message of a small key, numbers out of range, and signatures that `cryptography` made with
# 1024 bits.
#
# `sign(5, 7, 33)` → `14`
#
# `verify(5, 14, 3, 33)` → `True`
#
# `verify(5, 47, 3, 33)` → `False`, for 47 is 14 + 33


# %% exercise="rsa-sign"
def sign(message: int, d: int, n: int) -> int:
    """Return the signature of a message from 0 to n - 1."""
    ### BEGIN SOLUTION
    if not 0 <= message < n:
        raise ValueError("the message is not between 0 and n - 1")
    return pow(message, d, n)
    ### END SOLUTION


def verify(message: int, signature: int, e: int, n: int) -> bool:
    """Tell whether the signature, from 0 to n - 1, is one of this message."""
    ### BEGIN SOLUTION
    return 0 <= signature < n and pow(signature, e, n) == message
    ### END SOLUTION


# %% check="rsa-sign" points=2
check("rsa-sign", sign, verify)

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# `pow` with three arguments takes the remainder at every step. Without the third it would first build a number that
# no computer can hold.
#
# </details>
#
# <details><summary>Hint 2</summary>
#
# A message out of range is a mistake of the caller's, hence the exception. A signature out of range is what strangers
# send: that is no signature, and `verify` says so in the way in which it says it of any other.
#
# </details>

# %% [markdown]
# ### The same at real size
#
# Here is a key of 2048 bits from `cryptography`, and a signature that it makes.

# %% setup
import hashlib

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

# %%
key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
public = key.public_key().public_numbers()
text = b"Pay Bob 10 euros"
signed = key.sign(text, padding.PKCS1v15(), hashes.SHA256())
public.e, public.n.bit_length(), len(signed)

# %% [markdown]
# The signature is a number written as 256 bytes. Raise it to the power e, with nothing but `pow`.
#
# **Predict:** will the text come out?

# %%
block = pow(int.from_bytes(signed), public.e, public.n).to_bytes(256)
[block[start : start + 32].hex() for start in range(0, 256, 32)]

# %% [markdown]
# Not the text. Each byte is written as two digits, 0 to f. First come `0001`, then `ff` over and over, then `00`, then
# 19 bytes that say "SHA-256", and at the end 32 bytes that look random.
#
# They are the *hash* of the text, a fingerprint: 32 bytes for a text of any length. Change one letter and all of it
# changes; nobody knows two texts with the same one.

# %%
block[-32:] == hashlib.sha256(text).digest()

# %% [markdown]
# So what is signed is never the message itself. It is a hash, in a block as long as n: that is *padding* (PKCS #1
# v1.5 of RFC 8017). The article signs a bare 5, and section 6 shows what comes of that.
#
# Is that all the library does: pad, and raise to the power d?

# %%
pow(int.from_bytes(block), key.private_numbers().d, public.n) == int.from_bytes(signed)

# %% [markdown]
# It is. Your `verify` of exercise 4 has all that it takes: message, signature, e and n, of any length. It knows no
# padding, so its message is the block. The card stays neutral until you have written the function.

# %%
attempt(verify, int.from_bytes(block), int.from_bytes(signed), public.e, public.n)

# %% [markdown]
# Change one bit of the signature. **Predict:** does one bit of the block change?

# %%
pow(int.from_bytes(signed) ^ 1, public.e, public.n).to_bytes(256)[:32].hex()

# %% [markdown]
# All of it, beyond recognition. Nobody can push a signature, bit by bit, towards the block that they want.

# %% [markdown]
# ### What is in a certificate
#
# The article ends its story with "certificate = 14". Here is a certificate of an authority with an RSA key, and the
# sizes of its two large parts in bytes: what is signed (the *TBSCertificate*, "to be signed"), and the signature.

# %%
authority = Authority.root("Course root", algorithm="rsa")
certificate = authority.certificate
len(certificate.tbs_certificate_bytes), len(certificate.signature)

# %% [markdown]
# The power of d is the last part alone. Whoever checks the certificate hashes the first part *as received*, and
# compares with the block in the signature. The article says that the client has the value already, "in the public
# key". It has not: it works it out. (The cell looks at the end of the block alone. That will do for a look, and not
# for a verifier, as section 6 shows.)

# %%
issuer_key = certificate.public_key()
assert isinstance(issuer_key, rsa.RSAPublicKey)
issuer = issuer_key.public_numbers()
opened = pow(int.from_bytes(certificate.signature), issuer.e, issuer.n).to_bytes(256)
opened[-32:] == hashlib.sha256(certificate.tbs_certificate_bytes).digest()

# %% [markdown]
# Change a single bit of what was received, and the two hashes have nothing in common:

# %%
received = bytearray(certificate.tbs_certificate_bytes)
received[100] ^= 1
opened[-32:] == hashlib.sha256(received).digest()

# %% [markdown]
# One thing this signature does *not* prove: that whoever shows the certificate owns the key in it. Certificates are
# public, and a copy verifies as well as the original. Here is all that a thief needs for that:

# %%
owner = authority.issue("server1", role="server", algorithm="rsa")
copy = owner.certificate_pem
attempt(x509.load_pem_x509_certificate(copy).verify_directly_issued_by, certificate).verdict

# %% [markdown]
# Proof takes a second signature, made on the spot with the key that the certificate names. First the owner signs
# something that was never signed before, then the thief, who has another key.

# %%
fresh = b"a number that nobody has used before"
named, own_key = owner.certificate.public_key(), owner.key
assert isinstance(named, rsa.RSAPublicKey)
assert isinstance(own_key, rsa.RSAPrivateKey)
proofs = [each.sign(fresh, padding.PKCS1v15(), hashes.SHA256()) for each in (own_key, key)]
[attempt(named.verify, proof, fresh, padding.PKCS1v15(), hashes.SHA256()).verdict for proof in proofs]

# %% [markdown]
# In TLS this proof is called CertificateVerify; lesson 06 shows it in a handshake. The article's story ends one
# signature too early.

# %% [markdown]
# ## 5. What protects the key
#
# The public key holds n. Whoever finds the two primes in it can do what you did in exercise 1. For 33 that is easy.
# What does a longer n buy?
#
# This cell looks for the smaller prime by dividing, for moduli of 20 to 44 bits.

# %%
from labsupport.notebook.figures.rsa import factoring
from labsupport.notebook.figures.rsa_times import seconds_to_factor

times = {bits: seconds_to_factor(bits, seed) for bits in range(20, 45, 4)}
{bits: f"{time * 1000:.2f} ms" for bits, time in times.items()}

# %%
show(factoring(times))

# %% [markdown]
# Two more bits, about twice the time: half of the bits stand in the smaller prime, and each doubles the candidates.
#
# Two remarks. There are far better ways than division: moduli of more than 800 bits have been factored, by many
# computers in many months. So 1024 bits count as too few today, and careful authorities ask for 2048 or more. And a
# large quantum computer, if there is ever one, would factor all of these.

# %% [markdown]
# ### Exercise 5: break a key
#
# Write `crack(n, e)`: a private exponent d, from 1 to n - 1, for the public key (e, n). Nothing else is known; find
# the primes.
#
# If n is not the product of two different primes (a prime, the square of a prime, a number below 6), raise
# `ValueError`.
#
# The judge begins with 16 to 20 bits and ends with 40 to 44, one point for each. With the long ones a call has a little
# more than a second, which plain division is fast enough for. As in exercise 1, every d that undoes e is right.
#
# `crack(33, 3)` → `7`
#
# `crack(49, 5)` raises `ValueError`


# %% exercise="rsa-factor"
def crack(n: int, e: int) -> int:
    """Return a private exponent d of the public key (e, n)."""
    ### BEGIN SOLUTION
    odd = range(3, math.isqrt(n) + 1, 2)
    p = 2 if n % 2 == 0 else next((p for p in odd if n % p == 0), n)
    q = n // p
    if n < 6 or p in (1, n) or p == q:
        raise ValueError("n is not the product of two different primes")
    return pow(e, -1, math.lcm(p - 1, q - 1))
    ### END SOLUTION


# %% check="rsa-factor" points=2
check("rsa-factor", crack)

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# The smaller of two primes is not larger than the square root of their product, which `math.isqrt` gives. At 44 bits
# that leaves about four million candidates, and one of them is even and a prime.
#
# </details>
#
# <details><summary>Hint 2</summary>
#
# With the two primes in hand you stand where exercise 1 began. Think of what your loop does with 37, which has no
# divisor to be found, and with 49.
#
# </details>

# %% [markdown]
# An ungraded dare: a fresh modulus of 56 bits. Division takes its time here. Do you find a faster way?

# %%
from labsupport.notebook.figures.rsa_times import fresh_modulus

fresh_modulus(56)

# %% [markdown]
# ### The price of length
#
# Milliseconds with `cryptography`: making a key once, signing, and verifying.

# %%
from labsupport.notebook.figures.rsa import key_sizes
from labsupport.notebook.figures.rsa_times import key_times

show(key_sizes(key_times()))

# %% [markdown]
# It is the *modulus* that protects. A larger e is not safer: it only makes verifying slower, which is why almost
# everybody uses 65537, with two bits that are ones.
#
# A very small one is dangerous where padding is missing. With e = 3 everybody can sign 8, under any key: 2 to the
# power 3 is 8, and n never comes into play.

# %%
pow(2, 3, public.n) == 8

# %% [markdown]
# ## 6. A forgery in two lines
#
# Back to the small key. 14 signs 5. Multiply the message with itself, and the signature with itself.
#
# **Predict:** what does the owner of the key have to do with the result?

# %%
14 * 14 % 33, 5 * 5

# %%
pow(31, 3, 33)

# %% [markdown]
# Nothing. 31 is a good signature of 25, and nobody with the private key has ever seen 25. The product of two
# signatures signs the product of the messages: that is how powers are.
#
# An attacker who may have *harmless* numbers signed gets any signature out of that. It is the next exercise.

# %% [markdown]
# ### Exercise 6: a signature that nobody gave
#
# Write `forge(sign, e, n, message)`. `sign(number)` is a signer: it returns the signature of any number, but refuses
# `message`, its opposite `-message`, and whatever equals one of them modulo n. Return the signature of `message`,
# from 0 to n - 1.
#
# You may ask four times. The judge's n has 1024 bits, e is 3, 17 or 65537, and the message is as long as n: no search
# and no root leads there.
#
# With the signer of the small key, which refuses 25:
#
# `forge(sign, 3, 33, 25)` → `31`


# %% exercise="rsa-forge"
def forge(sign: Callable[[int], int], e: int, n: int, message: int) -> int:
    """Return the signature of `message`; sign(number) signs any other number."""
    ### BEGIN SOLUTION
    blinding = 2
    blinded = message * pow(blinding, e, n) % n
    return sign(blinded) * pow(blinding, -1, n) % n
    ### END SOLUTION


# %% check="rsa-forge" points=2
check("rsa-forge", forge)

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# Take two messages and their signatures, multiply the messages and multiply the signatures, both modulo n. What does
# verifying say about the products?
#
# </details>
#
# <details><summary>Hint 2</summary>
#
# Disguise the message with a factor whose signature you know without asking: the number 2 signs 2 to the power e.
# Once the disguised message is signed, the factor has to come out again, and modulo n one divides by multiplying with
# the inverse.
#
# </details>

# %% [markdown]
# ### What padding does about it
#
# Two real signatures, multiplied in the same way. The result is a good signature of *some* number. Look at the block.

# %%
other = key.sign(b"Pay Eve 10 euros", padding.PKCS1v15(), hashes.SHA256())
product = int.from_bytes(signed) * int.from_bytes(other) % public.n
pow(product, public.e, public.n).to_bytes(256)[:8].hex(" ")

# %% [markdown]
# A block begins with `00 01 ff ff`. This one does not, and no text has it for its block: a verifier that looks at the
# *whole* block refuses it. First the genuine signature, then the product.

# %%
with_padding = (text, padding.PKCS1v15(), hashes.SHA256())
attempt(key.public_key().verify, signed, *with_padding).verdict

# %%
attempt(key.public_key().verify, product.to_bytes(256), *with_padding).verdict

# %% [markdown]
# Lesson 02 will build this padding, and break a verifier that looks at half of the block.
#
# ## Three sentences to be careful with
#
# - *"The certificate is m to the power d, modulo n."* Its signature is, and m is a padded hash of all the rest.
# - *"Signing is encrypting with the private key."* Nothing is hidden by it, and in real life the two are padded
#   differently.
# - *"A valid certificate proves who is there."* It proves what the authority has said. Who is there has to sign, too.

# %% [markdown]
# ## Take it to work
#
# Make a key of 3072 bits, look at its public half, sign a file, verify it:
#
# ```sh
# openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:3072 -out service.key.pem
# openssl pkey -in service.key.pem -pubout -out service.pub.pem
# openssl dgst -sha256 -sign service.key.pem -out release.sig release.txt
# openssl dgst -sha256 -verify service.pub.pem -signature release.sig release.txt
# ```
#
# Look into a certificate: its text, with n and e in it; then the part that is signed, cut out, and its hash:
#
# ```sh
# openssl x509 -in server.crt -noout -text
# openssl asn1parse -in server.crt -strparse 4 -noout -out tbs.der
# openssl dgst -sha256 tbs.der
# ```
#
# And the check of the file in Go:
#
# ```go
# digest := sha256.Sum256(release)
# err := rsa.VerifyPKCS1v15(public, crypto.SHA256, digest[:], signature)
# ```

# %% [markdown]
# In Kubernetes, cert-manager makes the key, and a new one at each renewal:
#
# ```yaml
# apiVersion: cert-manager.io/v1
# kind: Certificate
# metadata: {name: service}
# spec:
#   secretName: service-tls
#   dnsNames: [service.test]
#   privateKey: {algorithm: RSA, size: 3072, rotationPolicy: Always}
#   issuerRef: {name: course-root, kind: Issuer}
# ```
#
# **The mistake seen most in the field:** a verifier written by hand that compares only the end of the block, where
# the hash stands, and never looks at the padding before it.

# %% [markdown]
# ## What you can do now
#
# - *Make a key:* two primes, e without a common factor, d by Euclid; e · d is one step more than whole rounds.
# - *Sign and verify:* two powers. Real keys do the same with a padded hash.
# - *Protection:* the secrecy of two primes. Each bit more costs you little and an attacker much.
# - *Forge:* products of signatures sign products, unless the whole padded block is checked.
#
# Lesson **02, Hash, pad, sign**, continues from here; until it is there, go on with lesson **04**.

# %%
progress()
