"""Lesson 01: right answers of many kinds, the signer's refusals, and what the cards say."""

from __future__ import annotations

import pytest

from labsupport.exercises import find
from labsupport.exercises.callee import Answer, Oracle
from labsupport.exercises.draw import Draw
from labsupport.exercises.model import Report
from labsupport.exercises.rsa.forge import Signer
from labsupport.exercises.rsa.keys import key_of, large_primes
from labsupport.exercises.rsa.matching import ints, such, value
from labsupport.exercises.words import pointer_of
from labsupport.rsa import Key, is_prime
from tests.exercises.adversaries import judged
from tests.exercises.answers.rsa import WRONG

ARTICLE = Key.from_primes(3, 11, 3)

# Other ways to the same result than the lesson's
RIGHT = {
    "by the totient": (
        "rsa-keypair",
        """
import math
def keypair(p, q, e):
    phi = (p - 1) * (q - 1)
    if min(p, q, e) < 2 or p == q or math.gcd(e, phi) > 1:
        raise ValueError
    return p * q, pow(e, -1, phi)
""",
    ),
    "a d beyond lcm and totient": (
        "rsa-keypair",
        """
import math
def keypair(p, q, e):
    if min(p, q, e) < 2 or p == q or math.gcd(e, (p - 1) * (q - 1)) > 1:
        raise ValueError
    order = math.lcm(p - 1, q - 1)
    d = pow(e, -1, order)
    return p * q, d + order if d + order < p * q else d
""",
    ),
    "exponents below the totient alone, as in the article": (
        "rsa-keypair",
        """
import math
def keypair(p, q, e):
    phi = (p - 1) * (q - 1)
    if min(p, q) < 2 or p == q or not 1 < e < phi or math.gcd(e, phi) > 1:
        raise ValueError
    return p * q, pow(e, -1, phi)
""",
    ),
    "an exception of one's own, derived from ValueError": (
        "rsa-keypair",
        """
import math
class NoKey(ValueError):
    pass
def keypair(p, q, e):
    phi = (p - 1) * (q - 1)
    if min(p, q, e) < 2 or p == q or math.gcd(e, phi) > 1:
        raise NoKey(f"there is no key with {e}")
    return p * q, pow(e, -1, phi)
""",
    ),
    "a function that calls itself": (
        "rsa-keypair",
        """
import math
def inverse(a, m):
    return 1 if a == 1 else (m * (a - inverse(m % a, a)) + 1) // a
def keypair(p, q, e):
    phi = (p - 1) * (q - 1)
    if min(p, q, e) < 2 or p == q or math.gcd(e, phi) > 1:
        raise ValueError
    return p * q, inverse(e % phi, phi)
""",
    ),
    "other coefficients": (
        "rsa-inverse",
        """
import math
def egcd(a, b):
    g = math.gcd(a, b)
    if a == 0 or b == 0:
        return g, (a > 0) - (a < 0), (b > 0) - (b < 0)
    x = pow(a // g, -1, abs(b // g)) + 5 * b // g
    return g, x, (g - a * x) // b
def modinv(a, n):
    if n < 2 or math.gcd(a, n) > 1:
        raise ValueError
    return egcd(a, n)[1] % n
""",
    ),
    "signs taken off and put on": (
        "rsa-inverse",
        """
def egcd(a, b):
    rows = [(abs(a), 1 if a >= 0 else -1, 0), (abs(b), 0, 1 if b >= 0 else -1)]
    while rows[-1][0]:
        times = rows[-2][0] // rows[-1][0]
        rows.append(tuple(old - times * new for old, new in zip(rows[-2], rows[-1])))
    return rows[-2]
def modinv(a, n):
    if n < 2:
        raise ValueError
    g, x, _ = egcd(a % n, n)
    if g > 1:
        raise ValueError
    return x % n
""",
    ),
    "Python's own inverse": (
        "rsa-inverse",
        """
import math
def egcd(a, b):
    g = math.gcd(a, b)
    if b == 0:
        return g, 1 if a > 0 else -1, 0
    x = pow(a // g, -1, abs(b // g))
    return g, x, (g - a * x) // b
def modinv(a, n):
    if n < 2:
        raise ValueError
    return pow(a, -1, n)
""",
    ),
    "from the left": (
        "rsa-modexp",
        """
def modexp(mul, base, exponent):
    if exponent < 0:
        raise ValueError
    result = 1
    for bit in f"{exponent:b}":
        result = mul(result, result)
        if bit == "1":
            result = mul(result, base)
    return result
""",
    ),
    "two products in each step": (
        "rsa-modexp",
        """
def modexp(mul, base, exponent):
    if exponent < 0:
        raise ValueError
    low, high = 1, base
    for bit in f"{exponent:b}":
        low, high = (mul(low, high), mul(high, high)) if bit == "1" else (mul(low, low), mul(low, high))
    return low
""",
    ),
    "a power of one's own": (
        "rsa-sign",
        """
def power(base, exponent, n):
    result = 1
    for bit in f"{exponent:b}":
        result = result * result * (base if bit == "1" else 1) % n
    return result
def sign(message, d, n):
    if message < 0 or message >= n:
        raise ValueError
    return power(message, d, n)
def verify(message, signature, e, n):
    if signature not in range(n):
        return False
    return power(signature, e, n) == message
""",
    ),
    "the root by floats": (
        "rsa-factor",
        """
def crack(n, e):
    for p in range(2, int(n**0.5) + 1) if n > 5 else ():
        if n % p == 0 and p * p != n:
            return pow(e, -1, (p - 1) * (n // p - 1))
    raise ValueError
""",
    ),
    "one step at a time": (
        "rsa-factor",
        """
def crack(n, e):
    p = 2
    while p * p < n:
        if n % p == 0:
            return pow(e, -1, (p - 1) * (n // p - 1))
        p += 1
    raise ValueError
""",
    ),
    "a disguise without e": (
        "rsa-forge",
        "def forge(sign, e, n, message): return sign(2 * message) * pow(sign(2), -1, n) % n",
    ),
    "the inverse signed": (
        "rsa-forge",
        "def forge(sign, e, n, message): return pow(sign(pow(message, -1, n)), -1, n)",
    ),
    "one power more than the signer minds": (
        "rsa-forge",
        "def forge(sign, e, n, message): return sign(pow(message, e + 1, n)) * pow(message, -1, n) % n",
    ),
    "the message asked for first": (
        "rsa-forge",
        """
def forge(sign, e, n, message):
    try:
        return sign(message)
    except ValueError:
        return sign(message * pow(2, e, n)) * pow(2, -1, n) % n
""",
    ),
    "unreduced questions": (
        "rsa-forge",
        "def forge(sign, e, n, message): return sign(-message * 2**e) * pow(-2, -1, n) % n",
    ),
}


@pytest.mark.parametrize(("exercise", "source"), RIGHT.values(), ids=RIGHT)
def test_another_right_answer_earns_everything(exercise: str, source: str) -> None:
    for seed in (b"1", b"2", b"3"):
        report = judged(find(exercise), source, seed)
        assert report.state == "solved", str(report)


def card(exercise: str, mistake: str) -> Report:
    return judged(find(exercise), WRONG[exercise][mistake], b"a card")


class TestTheSigner:
    @pytest.mark.parametrize("number", [25, 25 + 33, 25 - 33, 25 + 33 * 2**100, 8, -25, -25 - 33])
    def test_refuses_the_message_and_its_opposite_however_they_are_written(self, number: int) -> None:
        signer = Signer(ARTICLE, 25)
        with pytest.raises(ValueError, match="not signed here"):
            signer(number)
        assert (signer.refused, signer.signed) == (1, [])

    @pytest.mark.parametrize(("number", "signature"), [(0, 0), (5, 14), (5 + 33, 14), (5 - 33, 14), (14, 20)])
    def test_signs_everything_else(self, number: int, signature: int) -> None:
        signer = Signer(ARTICLE, 25)
        assert signer(number) == signature
        assert (signer.refused, signer.signed) == (0, [(number % 33, signature)])

    @pytest.mark.parametrize("question", [("5",), (True,), (5.0,), (), (5, 14)])
    def test_takes_one_int(self, question: tuple[object, ...]) -> None:
        with pytest.raises(ValueError, match="sign takes one int"):
            Oracle(Signer(ARTICLE, 25)).answer(*question)


class TestTheCards:
    def test_say_how_many_multiplications_were_too_many(self) -> None:
        failing = [aspect.failing for aspect in card("rsa-modexp", "unit-by-unit").aspects]
        assert failing[0] is None
        assert failing[1] is not None
        assert "at most" in failing[1].expected
        assert failing[1].got.endswith("multiplications")

    def test_give_half_the_points_for_a_power_that_takes_its_time(self) -> None:
        for mistake in ("unit-by-unit", "both-halves", "recursion", "every product twice"):
            assert card("rsa-modexp", mistake).points == 1

    def test_give_half_the_points_for_small_moduli(self) -> None:
        assert card("rsa-factor", "stops-too-early").points == 1

    def test_tell_the_fourth_question_was_the_last(self) -> None:
        report = card("rsa-forge", "asks-on-and-on")
        failing = report.aspects[0].failing
        assert failing is not None
        assert failing.got == "asked more than 4 times"
        assert "more than 4 times" in pointer_of(report)

    def test_point_on_where_an_answer_did_not_come_in_time(self) -> None:
        for exercise, mistake in (
            ("rsa-keypair", "every-d-tried"),
            ("rsa-modexp", "mul-not-called"),
            ("rsa-sign", "power-before-remainder"),
            ("rsa-factor", "past-the-root"),
        ):
            report = card(exercise, mistake)
            assert report.mistake is not None
            assert pointer_of(report) == report.mistake.sentence


def test_large_primes_suit_the_exponent_and_fill_the_modulus() -> None:
    p, q = large_primes(Draw(b"primes"), 128, 3 * 17)
    assert is_prime(p)
    assert is_prime(q)
    assert (p * q).bit_length() == 128
    assert key_of(p, q, 3) == Key.from_primes(p, q, 3)


def test_true_is_no_number() -> None:
    assert ints((1, True), 2) == ()
    assert not value(1)(Answer(value=True))
    assert not such(lambda _: True)(Answer(fault="ended its process"))
