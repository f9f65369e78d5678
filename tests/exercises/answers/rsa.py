"""Right and wrong answers to the exercises of lesson 01.

Most wrong answers are the lesson's solution with one thing changed; the others are what people write instead.
"""

from __future__ import annotations

from tests.exercises.answers.lesson import changed, solutions

__all__ = ["SEEDS", "SLOW", "SOLUTIONS", "WRONG"]

SEEDS = {"rsa-keypair": 100, "rsa-inverse": 100, "rsa-modexp": 100, "rsa-sign": 5, "rsa-forge": 5}

SLOW = (
    *("every-d-tried", "mul-not-called", "power-before-remainder", "past-the-root", "grows-with-n"),
    *("still-at-work", "not-reduced"),
)

SOLUTIONS = solutions("01_rsa")

KEYPAIR = SOLUTIONS["rsa-keypair"]
INVERSE = SOLUTIONS["rsa-inverse"]
MODEXP = SOLUTIONS["rsa-modexp"]
SIGN = SOLUTIONS["rsa-sign"]
FACTOR = SOLUTIONS["rsa-factor"]
FORGE = SOLUTIONS["rsa-forge"]


def _keypair(returned: str) -> str:
    """Return a short answer that refuses nothing by itself."""
    return f"import math\n\n\ndef keypair(p, q, e):\n    phi = (p - 1) * (q - 1)\n    return {returned}\n"


OWN_EUCLID = """import math


def coefficient(a, n):
    x, y = 1, 0
    while n:
        x, y, a, n = y, x - a // n * y, n, a % n
    return x


def keypair(p, q, e):
    if CONDITION:
        raise ValueError("no key")
    return p * q, RETURNED
"""


def _own_euclid(condition: str, returned: str = "coefficient(e, (p - 1) * (q - 1)) % ((p - 1) * (q - 1))") -> str:
    return changed(OWN_EUCLID, ("CONDITION", condition), ("RETURNED", returned))


NO_TEXT = "not all(isinstance(number, int) for number in (p, q, e)) or "

EVERY_D = """import math


def keypair(p, q, e):
    d, phi = 1, (p - 1) * (q - 1)
    while e * d % phi != 1:
        d += 1
    return p * q, d
"""

RECURSIVE_EGCD = """def egcd(a, b):
    if b == 0:
        return (a, 1, 0) if a >= 0 else (-a, -1, 0)
    g, x, y = egcd(b, a % b)
    return g, y, x - a // b * y


"""

COMBINATION = "(a, x, y) if a >= 0 else (-a, -x, -y)"

EVERY_NUMBER = """def modinv(a, n):
    for candidate in range(n):
        if a * candidate % n == 1:
            return candidate
    raise ValueError
"""

SHORT_EGCD = """def egcd(a, b):
    x, y, next_x, next_y = 1, 0, 0, 1
    while a % b:
        quotient = a // b
        a, b = b, a % b
        x, next_x = next_x, x - quotient * next_x
        y, next_y = next_y, y - quotient * next_y
    return (b, next_x, next_y) if b >= 0 else (-b, -next_x, -next_y)


"""


def _inverse(egcd: str) -> str:
    """Return the solution with another egcd."""
    return egcd + INVERSE[INVERSE.index("def modinv") :]


def _modexp(body: str) -> str:
    lines = ["if exponent < 0:", "    raise ValueError", *body.splitlines()]
    return "def modexp(mul, base, exponent):\n" + "".join(f"    {line}\n" for line in lines)


NAIVE = _modexp("result = 1\nfor _ in range(exponent):\n    result = mul(result, base)\nreturn result")
HALVES = _modexp(
    "if exponent == 0:\n    return 1\nif exponent == 1:\n    return base\n"
    "half = exponent // 2\n"
    "return mul(modexp(mul, base, half), modexp(mul, base, exponent - half))"
)
RECURSIVE = _modexp(
    "if exponent == 0:\n    return 1\nhalf = modexp(mul, base, exponent // 2)\n"
    "square = mul(half, half)\n"
    "return mul(square, base) if exponent % 2 else square"
)
EVERY_PRODUCT_TWICE = _modexp(
    "result = 1\nwhile exponent:\n    if exponent % 2:\n        mul(result, base)\n        result = mul(result, base)\n"
    "    exponent //= 2\n    mul(base, base)\n    base = mul(base, base)\nreturn result"
)


def _sign(expression: str) -> str:
    return changed(SIGN, ("pow(message, d, n)", expression))


UNCHECKED_SIGN = """    if not 0 <= message < n:
        raise ValueError("the message is not between 0 and n - 1")
"""
VERDICT = "0 <= signature < n and pow(signature, e, n) == message"


def _verify(expression: str) -> str:
    return changed(SIGN, (VERDICT, expression))


RECURSIVE_POWER = """

def power(base, exponent, n):
    if exponent == 0:
        return 1
    half = power(base, exponent // 2, n)
    return half * half * (base if exponent % 2 else 1) % n
"""

STEPPING_POWER = """

def power(base, exponent, n):
    result = 1
    for _ in range(exponent):
        result = result * base % n
    return result
"""


def _crack(body: str) -> str:
    return "import math\n\n\ndef crack(n, e):\n" + "".join(f"    {line}\n" for line in body.splitlines())


COUNTED_TOTIENT = _crack(
    "p = next((p for p in range(2, math.isqrt(max(n, 0)) + 1) if n % p == 0), n)\n"
    "if n < 6 or p == n or p * p == n:\n    raise ValueError\n"
    "return pow(e, -1, sum(math.gcd(k, n) == 1 for k in range(n)))"
)
TO_THE_END = _crack(
    "p = 2\nwhile n % p:\n    p += 1\n    if p >= n:\n        raise ValueError\n"
    "if n < 6 or p == n // p:\n    raise ValueError\nreturn pow(e, -1, (p - 1) * (n // p - 1))"
)
NEVER_REFUSES = _crack(
    "p = next((p for p in range(2, math.isqrt(max(n, 0)) + 1) if n % p == 0), n)\n"
    "return pow(e, -1, (p - 1) * (n // p - 1) or n - 1 or 1)"
)


def _forge(*lines: str) -> str:
    return "def forge(sign, e, n, message):\n" + "".join(f"    {line}\n" for line in lines)


BLINDED = "blinded = message * pow(7, e, n) % n"

WRONG = {
    "rsa-keypair": {
        "floats-accepted": _own_euclid(
            "isinstance(p, str) or p < 2 or q < 2 or p == q or e < 2 or (p * q - p - q + 1) % 1 "
            "or math.gcd(e, int((p - 1) * (q - 1))) != 1"
        ),
        "equal-primes-accepted": changed(KEYPAIR, (" or p == q", "")),
        "exponent-1-accepted": changed(KEYPAIR, ("e < 2", "e < 1")),
        "below-2-accepted": changed(KEYPAIR, ("p < 2 or q < 2 or p == q", "p == q")),
        "shared-factor-accepted": _own_euclid(NO_TEXT + "p < 2 or q < 2 or p == q or e < 2"),
        "returns-none": changed(
            KEYPAIR,
            ('raise ValueError("p and q must be two different primes")', "return None"),
            ('raise ValueError("e must be more than 1 and share no factor with p - 1 and q - 1")', "return None"),
        ),
        "accepts-too-much": _keypair("(p * q, pow(e, -1, phi))"),
        "inverse-modulo-n": changed(KEYPAIR, ("pow(e, -1, order)", "pow(e, -1, p * q)")),
        "inverse-modulo-n-minus-1": _keypair("(p * q, pow(e, -1, p * q - 1))"),
        "swapped": changed(KEYPAIR, ("p * q, pow(e, -1, order)", "pow(e, -1, order), p * q")),
        "totient-for-n": _keypair("(phi, pow(e, -1, phi))"),
        "d-is-e": changed(KEYPAIR, ("pow(e, -1, order)", "e")),
        "d-out-of-range": _own_euclid(
            NO_TEXT + "p < 2 or q < 2 or p == q or e < 2 or math.gcd(e, (p - 1) * (q - 1)) != 1",
            "coefficient(e, (p - 1) * (q - 1))",
        ),
        "every-d-tried": EVERY_D,
        "refusal-returned": changed(
            KEYPAIR,
            ('raise ValueError("p and q must be two different primes")', 'return "no key"'),
            ('raise ValueError("e must be more than 1 and share no factor with p - 1 and q - 1")', "return False"),
        ),
        "returns-nothing": changed(KEYPAIR, ("return p * q, pow(e, -1, order)", "print(p * q, pow(e, -1, order))")),
        "floats": changed(KEYPAIR, ("pow(e, -1, order)", "(pow(e, -1, order) * e) / e")),
        "another-type": changed(KEYPAIR, ("return p * q, pow(e, -1, order)", "return [p * q, pow(e, -1, order)]")),
        "another-exception": changed(
            KEYPAIR, ("if p < 2 or q < 2 or p == q:", "assert p != q\n    if p < 2 or q < 2:")
        ),
        # Not known by name: the card falls back on its hint.
        "three numbers": changed(KEYPAIR, ("return p * q, pow", "return p * q, e, pow")),
        "a generator": changed(KEYPAIR, ("return p * q, pow", "yield p * q, pow")),
        "another-product": changed(KEYPAIR, ("return p * q,", "return p + q,")),
    },
    "rsa-inverse": {
        "recursion": _inverse(RECURSIVE_EGCD),
        "division-by-zero": _inverse(SHORT_EGCD),
        "signs-lost": changed(INVERSE, ("x, y, next_x, next_y =", "a, b = abs(a), abs(b)\n    x, y, next_x, next_y =")),
        "negative-gcd": changed(INVERSE, ("return (a, x, y) if a >= 0 else (-a, -x, -y)", "return a, x, y")),
        "coefficients-swapped": changed(
            INVERSE, ("(a, x, y) if a >= 0 else (-a, -x, -y)", "(a, y, x) if a >= 0 else (-a, -y, -x)")
        ),
        "row-too-far": changed(INVERSE, ("(a, x, y) if a >= 0 else (-a, -x, -y)", "(abs(a), next_x, next_y)")),
        "gcd-alone": changed(INVERSE, ("return (a, x, y) if a >= 0 else (-a, -x, -y)", "return abs(a)")),
        "inverse-not-reduced": changed(INVERSE, ("return x % n", "return x")),
        "modulus-below-2-accepted": changed(INVERSE, ("n < 2", "False")),
        "no-inverse-accepted": changed(INVERSE, ("g != 1", "False")),
        "nothing-refused": changed(INVERSE, ("n < 2", "False"), ("g != 1", "False")),
        "returns-none": changed(
            INVERSE,
            ('raise ValueError("the modulus must be 2 or more")', "return None"),
            ('raise ValueError(f"{a} has no inverse modulo {n}")', "return None"),
        ),
        "only-for-primes": changed(INVERSE, ("return x % n", "return pow(a, n - 2, n)")),
        "coefficient-of-n": changed(INVERSE, ("g, x, _ = egcd(a, n)", "g, _, x = egcd(a, n)")),
        "refusal-returned": changed(INVERSE, ('raise ValueError(f"{a} has no inverse modulo {n}")', "return False")),
        "returns-nothing": changed(INVERSE, (f"return {COMBINATION}", f"print({COMBINATION})")),
        "floats": changed(INVERSE, ("quotient = a // b", "quotient = int(a / b)")),
        "another-type": changed(INVERSE, (f"return {COMBINATION}", f"return list({COMBINATION})")),
        "another-exception": changed(INVERSE, ("raise ValueError(f", "raise ArithmeticError(f")),
        "still-at-work": INVERSE[: INVERSE.index("def modinv")] + EVERY_NUMBER,
        "the amount of x": changed(INVERSE, ("return x % n", "return abs(x) % n")),
    },
    "rsa-modexp": {
        "unit-by-unit": NAIVE,
        "both-halves": HALVES,
        "recursion": RECURSIVE,
        "mul-not-called": _modexp("return base ** exponent"),
        "base-not-squared": changed(MODEXP, ("base = mul(base, base)", "mul(base, base)")),
        "every-bit-a-one": changed(MODEXP, ("if exponent % 2:", "if True:")),
        "top-bit-lost": changed(MODEXP, ("while exponent:", "while exponent > 1:")),
        "last-bit-lost": changed(MODEXP, ("    result = 1\n", "    result = 1\n    exponent -= exponent % 2\n")),
        "squared-once-more": changed(MODEXP, ("    result = 1\n", "    result = 1\n    exponent *= 2\n")),
        "negative-accepted": changed(MODEXP, ("if exponent < 0:", "if False:")),
        "not-reduced": changed(MODEXP, ("base = mul(base, base)", "base = base * base")),
        "halved-by-floats": changed(MODEXP, ("exponent //= 2", "exponent = int(exponent / 2)")),
        "begins-with-0": changed(MODEXP, ("result = 1", "result = 0")),
        "products-not-kept": changed(MODEXP, ("result = mul(result, base)", "mul(result, base)")),
        "base-once-too-often": changed(MODEXP, ("result = 1", "result = base")),
        "bits-backwards": _modexp(
            "result = 1\nwhile exponent:\n    result = mul(result, result)\n    if exponent % 2:\n"
            "        result = mul(result, base)\n    exponent //= 2\nreturn result"
        ),
        "never-ends": _modexp("while exponent:\n    base = mul(base, base)\nreturn 1"),
        "refusal-returned": changed(MODEXP, ('raise ValueError("the exponent is negative")', "return None")),
        "returns-nothing": changed(MODEXP, ("return result", "print(result)")),
        "floats": changed(MODEXP, ("return result", "return result / 1")),
        "another-type": changed(MODEXP, ("return result", "return [result]")),
        "another-exception": changed(MODEXP, ("raise ValueError", "raise TypeError")),
        "still-at-work": "def modexp(mul, base, exponent):\n    mul(base, base)\n    while True:\n        pass\n",
        "every product twice": EVERY_PRODUCT_TWICE,
        "not-reduced (in the product)": changed(MODEXP, ("result = mul(result, base)", "result = result * base")),
        "halved-by-floats (by / alone)": changed(MODEXP, ("exponent //= 2", "exponent /= 2")),
        "unit-by-unit (from the base on)": _modexp(
            "result = base\nfor _ in range(exponent - 1):\n    result = mul(result, base)\nreturn result"
        ),
        "one factor": changed(MODEXP, ("mul(base, base)", "mul(base)")),
        "a set": changed(MODEXP, ("return result", "return {result}")),
        "nought for the power of nought": changed(MODEXP, ("    result = 1\n", "    result = 1 if exponent else 0\n")),
    },
    "rsa-sign": {
        "message-n-accepted": changed(SIGN, ("if not 0 <= message < n", "if not 0 <= message <= n")),
        "message-0-refused": changed(SIGN, ("if not 0 <= message < n", "if not 0 < message < n")),
        "negative-message-accepted": changed(SIGN, ("if not 0 <= message < n", "if message >= n")),
        "large-message-accepted": changed(SIGN, ("if not 0 <= message < n", "if message < 0")),
        "message-range-unchecked": changed(SIGN, (UNCHECKED_SIGN, "")),
        "ranges-unchecked": changed(SIGN, (UNCHECKED_SIGN, ""), ("0 <= signature < n and ", "")),
        "multiplies": _sign("message * d % n"),
        "caret": _sign("(message ^ d) % n"),
        "base-and-exponent-swapped": _sign("pow(d, message, n)"),
        "power-before-remainder": _sign("message ** d % n"),
        "signature-range-unchecked": _verify("pow(signature, e, n) == message"),
        "message-reduced": _verify("0 <= signature < n and pow(signature, e, n) == message % n"),
        "everything-reduced": _verify("(pow(signature, e, n) - message) % n == 0"),
        "raises-instead-of-false": changed(
            SIGN, ("    return 0 <=", "    if not 0 <= signature < n:\n        raise ValueError\n    return 0 <=")
        ),
        "wrong-direction": _verify("0 <= signature < n and pow(message, e, n) == signature"),
        "returns-the-number": _verify("pow(signature, e, n)"),
        "always-true": _verify("True"),
        "texts-accepted": changed(
            SIGN,
            ("    if not 0 <= message", "    message, d, n = int(message), int(d), int(n)\n    if not 0 <= message"),
        ),
        "shared-factor-refused": changed(
            SIGN, ("if not 0 <= message < n:", "if not 0 <= message < n or math.gcd(message, n) > 1:")
        ),
        "by-floats": _sign("int(math.pow(message, d) % n)"),
        "recursion": _sign("power(message, d, n)") + RECURSIVE_POWER,
        "words-for-a-verdict": _verify(f"'valid' if {VERDICT} else 'invalid'"),
        "signature-0-refused": _verify("0 < signature < n and pow(signature, e, n) == message"),
        "always-false": _verify("False"),
        "refusal-returned": changed(
            SIGN, ('raise ValueError("the message is not between 0 and n - 1")', 'return "out of range"')
        ),
        "returns-nothing": changed(SIGN, ("return pow(message, d, n)", "print(pow(message, d, n))")),
        "floats": _sign("pow(message, d, n) / 1"),
        "another-exception": changed(SIGN, (UNCHECKED_SIGN, "    assert 0 <= message < n\n")),
        "still-at-work": "def sign(*_):\n    while True:\n        pass\n\n\nverify = sign\n",
        "wrong-direction (by signing again)": _verify("sign(message, e, n) == signature"),
        "power-before-remainder (a step for each unit of d)": _sign("power(message, d, n)") + STEPPING_POWER,
        "another-type": _verify("int(0 <= signature < n and pow(signature, e, n) == message)"),
        "signs with another power": _sign("pow(message, d - 1, n)"),
    },
    "rsa-factor": {
        "squares-accepted": changed(FACTOR, (" or p == q", "")),
        "primes-accepted": changed(
            FACTOR, ("n < 6 or p in (1, n) or p == q", "n < 6 or p == q"), ("p - 1, q - 1)", "p - 1, q - 1 or 1)")
        ),
        "anything-accepted": NEVER_REFUSES,
        "returns-none": changed(
            FACTOR, ('raise ValueError("n is not the product of two different primes")', "return None")
        ),
        "past-the-root": TO_THE_END,
        "two-not-tried": changed(FACTOR, ("n % 2 == 0", "False")),
        "stops-before-the-root": changed(FACTOR, ("math.isqrt(n) + 1", "math.isqrt(n)")),
        "stops-too-early": changed(FACTOR, ("math.isqrt(n) + 1", "min(math.isqrt(n) + 1, 100_000)")),
        "totient-n-minus-1": changed(FACTOR, ("math.lcm(p - 1, q - 1)", "n - 1")),
        "inverse-modulo-n": changed(FACTOR, ("math.lcm(p - 1, q - 1)", "n")),
        "returns-a-factor": changed(FACTOR, ("return pow(e, -1, math.lcm(p - 1, q - 1))", "return p")),
        "returns-the-totient": changed(
            FACTOR, ("return pow(e, -1, math.lcm(p - 1, q - 1))", "return (p - 1) * (q - 1)")
        ),
        "more-than-d": changed(FACTOR, ("return pow", "return n, pow")),
        "grows-with-n": COUNTED_TOTIENT,
        "refusal-returned": changed(
            FACTOR, ('raise ValueError("n is not the product of two different primes")', 'return "no key"')
        ),
        "returns-nothing": changed(FACTOR, ("return pow", "pow")),
        "floats": changed(FACTOR, ("q = n // p", "q = n / p")),
        "another-type": changed(
            FACTOR, ("return pow(e, -1, math.lcm(p - 1, q - 1))", "return [pow(e, -1, (p - 1) * (q - 1))]")
        ),
        "another-exception": changed(FACTOR, ("if n % p == 0), n)", "if n % p == 0))")),
        "returns-a-factor (both)": changed(FACTOR, ("return pow(e, -1, math.lcm(p - 1, q - 1))", "return p, q")),
        "a negative d": changed(FACTOR, ("return pow", "return -pow")),
    },
    "rsa-forge": {
        "asks-on-and-on": _forge("return next(k for k in range(2, n) if pow(sign(k), e, n) == message)"),
        "asks-for-the-message": _forge("return sign(message)"),
        "public-operation": _forge("return pow(message, e, n)"),
        "blinding-left-in": _forge(BLINDED, "return sign(blinded)"),
        "not-reduced": _forge(BLINDED, "return sign(blinded) * pow(7, -1, n)"),
        "divided-as-integers": _forge(BLINDED, "return sign(blinded) // 7"),
        "factor-in-twice": _forge(BLINDED, "return sign(blinded) * 7 % n"),
        "wrong-factor": _forge(BLINDED, "return sign(blinded) * pow(pow(7, e, n), -1, n) % n"),
        "adds": _forge("return (sign(message + 7) - sign(7)) % n"),
        "asks-nothing": _forge("return round(message ** (1 / e))"),
        "asks-for-no-int": _forge("return sign(message / 2) * sign(2) % n"),
        "split-as-integers": _forge("return sign(message // 2) * sign(2) % n"),
        "returns-nothing": _forge(BLINDED, "print(sign(blinded) * pow(7, -1, n) % n)"),
        "floats": _forge(BLINDED, "return sign(blinded) / 7"),
        "another-type": _forge(BLINDED, "return str(sign(blinded) * pow(7, -1, n) % n)"),
        "still-at-work": _forge("sign(2)", "while True:", "    pass"),
        "asks for 0": _forge("return sign(0)"),
        "a root of the square": "import math\n\n\n" + _forge("return math.isqrt(sign(message * message % n))"),
    },
}
