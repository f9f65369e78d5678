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
# About 50 minutes. School mathematics is enough; lesson 00 is a good start and not required.

# %% parameters
seed = 7

# %% setup
import math
import random

from labsupport import attempt, check, progress, show

# %% [markdown]
# ## 1. A key from two primes

# %% [markdown]
# ### Exercise 1: make a key
#
# Write `keypair(p, q, e)`. It returns `(n, d)`: the modulus n = p · q, and a private exponent d from 1 to n - 1 that
# undoes e: e · d leaves 1 when it is divided by p - 1, and when it is divided by q - 1.
#
# Where no key can be made it raises `ValueError`: p and q are equal, one of p, q and e is below 2, or e shares a
# factor with p - 1 or q - 1. What is no int at all raises an exception of any kind.
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
# ## 2. The inverse, by Euclid

# %% [markdown]
# ### Exercise 2: Euclid, with bookkeeping
#
# Write two functions.
#
# `egcd(a, b)` returns `(g, x, y)`: g is the greatest common divisor, never negative, and a · x + b · y is g. All such
# x and y are right.
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
# ## 3. Large powers, few steps

# %% setup
from collections.abc import Callable

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

# %% [markdown]
# ### Exercise 4: sign and verify
#
# Write two functions.
#
# `sign(message, d, n)` returns the message to the power d, modulo n. A message that is not between 0 and n - 1 raises
# `ValueError`.
#
# `verify(message, signature, e, n)` returns `True` if the signature is between 0 and n - 1 and its power e, modulo n,
# is the message. In all other cases it returns `False`.
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
# ## 5. What protects the key

# %% [markdown]
# ### Exercise 5: break a key
#
# Write `crack(n, e)`: a private exponent d, from 1 to n - 1, for the public key (e, n). Nothing else is known; find
# the primes.
#
# If n is not the product of two different primes (a prime, the square of a prime, a number below 6), raise
# `ValueError`.
#
# The judge begins with 16 to 20 bits and ends with 40 to 44, one point for each. A call has one second and a half,
# which plain division is fast enough for. As in exercise 1, every d that undoes e is right.
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
# ## 6. A forgery in two lines

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
# With the signer of the key above, who refuses 25:
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
# ## Take it to work

# %% [markdown]
# ## What you can do now
#
# Lesson **02, Hash, pad, sign**, continues from here.

# %%
progress()
