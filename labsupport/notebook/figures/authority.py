"""Figures of lesson 04: who signed what, who minds what, how long certificates live, a request beside a certificate."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID

from labsupport.errors import UsageError
from labsupport.notebook.figures.palette import BLUE, GREEN, GREY, INK, ORANGE, PALE, describe, new_axes
from labsupport.pki.der import Element, children, element
from labsupport.pki.identity import common_name

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["lives", "minded", "ribbons", "signers"]

_PURPOSES = {ExtendedKeyUsageOID.CLIENT_AUTH: "clients", ExtendedKeyUsageOID.SERVER_AUTH: "servers"}
_WIDTH = 8.8  # inches of a ribbon, and points that a letter and a line of a field's name take in it
_LETTER, _LINE = 4.6, 9.5
_REQUEST_FIELDS = ("version", "subject", "public key", "attributes")
_CERTIFICATE_FIELDS = (
    "version", "serial", "algorithm", "issuer", "validity", "subject", "public key", "extensions",
)  # fmt: skip


def signers(chain: Sequence[x509.Certificate]) -> Axes:
    """Draw a chain from the leaf to the root, each certificate with what it may do; arrows go from who signed.

    Raises UsageError for fewer than two certificates.
    """
    if len(chain) < 2:
        raise UsageError("signers() draws a chain: the leaf, its issuer, and so on")
    from matplotlib.patches import FancyBboxPatch

    ax = new_axes(8.2, 1.9)
    sentences = []
    count = len(chain)
    for place, certificate in enumerate(reversed(chain)):
        x = (place + 0.5) / count
        ax.add_patch(
            FancyBboxPatch(
                (x - 0.11, 0.3),
                0.22,
                0.42,
                boxstyle="round,pad=0,rounding_size=0.02",
                facecolor="white",
                edgecolor=INK,
                linewidth=1.3,
                mutation_aspect=3,
            )
        )
        name, power = common_name(certificate), _power(certificate)
        ax.text(x, 0.58, name, ha="center", va="center", fontsize=10, fontweight="bold", color=INK)
        ax.text(x, 0.42, power, ha="center", va="center", fontsize=8.5, color=GREY)
        if place:
            arrow = {
                "arrowstyle": "-|>",
                "color": BLUE,
                "linewidth": 1.8,
                "mutation_scale": 13,
                "shrinkA": 0,
                "shrinkB": 0,
            }
            ax.annotate("", (x - 0.115, 0.51), (x - 1 / count + 0.115, 0.51), arrowprops=arrow)
            ax.text(x - 0.5 / count, 0.57, "signed", ha="center", va="bottom", fontsize=8.5, color=BLUE)
            sentences.append(f"{common_name(list(reversed(chain))[place - 1])} signed {name} ({power}).")
    ax.text(0.5 / count, 0.16, "trusted beforehand", ha="center", va="top", fontsize=8.5, style="italic", color=GREY)
    sent = "sent by the client" if count == 2 else "sent by the client, the leaf first"
    ax.text((count + 1) / 2 / count, 0.16, sent, ha="center", va="top", fontsize=8.5, style="italic", color=GREY)
    ax.set_xlim(0, 1)
    ax.set_ylim(0, 1)
    ax.axis("off")
    return describe(ax, "Trust in the root reaches the leaf, link by link", " ".join(sentences))


def _power(certificate: x509.Certificate) -> str:
    """Return in a few words what a certificate may do."""
    values = {type(each.value): each.value for each in certificate.extensions}
    constraints, purposes = values.get(x509.BasicConstraints), values.get(x509.ExtendedKeyUsage)
    named = [_PURPOSES.get(each, each.dotted_string) for each in purposes] if purposes is not None else []
    if constraints is None or not constraints.ca:
        return f"for {', '.join(named)}" if named else "for everything"
    length = constraints.path_length
    below = "any CAs below" if length is None else f"{length} CAs below"
    return f"CA{' for ' + ', '.join(named) if named else ''}, {below}"


def lives(groups: Mapping[str, Sequence[x509.Certificate]]) -> Axes:
    """Draw the time for which certificates are valid, a bar each, in named groups, with a line for today.

    Raises UsageError where there is nothing to draw.
    """
    rows = [(group, certificate) for group, members in groups.items() for certificate in members]
    if not rows:
        raise UsageError("lives() draws certificates in named groups")
    now = dt.datetime.now(dt.UTC)
    ax = new_axes(8.2, 0.9 + 0.42 * len(rows))
    colours = dict(zip(groups, (ORANGE, BLUE, GREEN, GREY), strict=False))
    sentences = []
    for row, (group, certificate) in enumerate(rows):
        start, end = (
            round((moment - now) / dt.timedelta(days=1))
            for moment in (certificate.not_valid_before_utc, certificate.not_valid_after_utc)
        )
        ax.barh(row, end - start, left=start, height=0.55, color=colours.get(group, GREY))
        ax.text(end + 5, row, f"{end} days", va="center", fontsize=8.5, color=INK)
        sentences.append(f"{group}, {common_name(certificate)}: {end} days to go.")
    ax.axvline(0, color=INK, linewidth=1, linestyle=":")
    ax.text(2, -0.62, "today", fontsize=8.5, style="italic", color=GREY, va="bottom")
    ax.set_yticks(range(len(rows)), [f"{group}: {common_name(each)}" for group, each in rows], fontsize=9, color=INK)
    ax.set_ylim(len(rows) - 0.4, -0.75)
    ax.set_xlim(min(0, ax.get_xlim()[0]), ax.get_xlim()[1] * 1.12)
    ax.set_xlabel("days from today", color=INK)
    for side in ("top", "right", "left"):
        ax.spines[side].set_visible(False)
    ax.tick_params(axis="y", length=0)
    ends = {group: {each.not_valid_after_utc.date() for each in members} for group, members in groups.items()}
    together = [group for group, days in ends.items() if len(days) == 1 and len(groups[group]) > 1]
    title = f"All of the {together[0]}'s end on one day" if together else "Leaves live shorter than those who sign them"
    return describe(ax, title, " ".join(sentences))


def minded(verdicts: Mapping[str, Mapping[str, bool | None]]) -> Axes:
    """Draw who accepts what: certificates down, verifiers across; None is a verifier that was not there.

    Raises UsageError where there is nothing to draw.
    """
    columns = list(dict.fromkeys(verifier for row in verdicts.values() for verifier in row))
    if not columns:
        raise UsageError("minded() draws verdicts by certificate and verifier")
    ax = new_axes(2.4 + 1.3 * len(columns), 0.9 + 0.36 * len(verdicts))
    words = {True: "accepts", False: "refuses", None: "not here"}
    sentences = []
    for y, (name, row) in enumerate(verdicts.items()):
        for x, verifier in enumerate(columns):
            accepts = row.get(verifier)
            colour = {True: PALE, False: ORANGE, None: "#ffffff"}[accepts]
            ax.barh(y, 0.92, left=x - 0.46, height=0.8, color=colour)
            ink = "#ffffff" if accepts is False else INK if accepts else GREY
            ax.text(x, y, words[accepts], ha="center", va="center", fontsize=8.5, color=ink)
        refusing = [verifier for verifier in columns if row.get(verifier) is False]
        sentences.append(f"{name}: refused by {', '.join(refusing) if refusing else 'nobody'}.")
    ax.set_xticks(range(len(columns)), columns, fontsize=9, color=INK)
    ax.xaxis.tick_top()
    ax.set_yticks(range(len(verdicts)), list(verdicts), fontsize=9, color=INK)
    ax.tick_params(length=0)
    for spine in ax.spines.values():
        spine.set_visible(False)
    ax.set_xlim(-0.5, len(columns) - 0.5)
    ax.set_ylim(len(verdicts) - 0.5, -0.5)
    return describe(ax, "What one verifier minds, another lets pass", " ".join(sentences))


def ribbons(csr: x509.CertificateSigningRequest, certificate: x509.Certificate) -> Axes:
    """Draw a request and a certificate byte by byte, by fields; a band joins the public key where they share it."""
    asked, given = csr.public_bytes(Encoding.DER), certificate.public_bytes(Encoding.DER)
    above = _fields(asked, _REQUEST_FIELDS)
    names = _CERTIFICATE_FIELDS if certificate.version is x509.Version.v3 else _CERTIFICATE_FIELDS[1:-1]
    below = _fields(given, names)
    shared = _key(above).encoded == _key(below).encoded
    ax = new_axes(_WIDTH, 3.3)
    points = 68 * _WIDTH / max(len(asked), len(given))  # for each byte, less what the margins take
    for y, fields in ((1.0, above), (0.0, below)):
        for number, (name, field) in enumerate(fields):
            colour = GREEN if name == "public key" else PALE if number % 2 else "#ffffff"
            length = len(field.encoded)
            ax.barh(y, length, left=field.offset, height=0.52, color=colour, edgecolor=INK, linewidth=0.8)
            level = length * points >= _LETTER * len(name)
            if level or length * points >= _LINE:
                ink, turn = "#ffffff" if name == "public key" else INK, 0 if level else 90
                middle = field.offset + length / 2
                ax.text(middle, y, name, ha="center", va="center", fontsize=7.5, color=ink, rotation=turn)
        narrow = [name for name, field in fields if len(field.encoded) * points < _LINE]
        if narrow:
            ax.text(0, y - 0.29, ", ".join(narrow), fontsize=7.5, color=INK, va="top")
    if shared:
        one, other = _key(above), _key(below)
        corners = [one.offset, one.end, other.end, other.offset], [0.74, 0.74, 0.26, 0.26]
        ax.fill(*corners, color=GREEN, alpha=0.18, linewidth=0)
    for y, text in ((1.0, f"request: {len(asked)} bytes"), (0.0, f"certificate: {len(given)} bytes")):
        ax.text(0, y + 0.3, text, fontsize=9, color=INK, va="bottom")
    ax.set_xlim(0, max(len(asked), len(given)) + 1)  # one byte more, so that the last border is drawn whole
    ax.set_ylim(-0.5, 1.6)
    ax.set_yticks([])
    ax.set_xlabel("byte", color=INK)
    for side in ("top", "right", "left"):
        ax.spines[side].set_visible(False)
    if shared:
        size = len(_key(above).encoded)
        title = f"{size} bytes are taken over as they stand: the public key"
        places = _key(above).offset, _key(below).offset
        alt = f"It begins at byte {places[0]} of the request and at byte {places[1]} of the certificate."
    else:
        title, alt = "For another key: nothing is taken over", "The public keys differ."
    order = f"Request: {', '.join(name for name, _ in above)}. Certificate: {', '.join(name for name, _ in below)}."
    return describe(ax, title, f"{alt} {order}")


def _fields(encoded: bytes, names: Sequence[str]) -> list[tuple[str, Element]]:
    """Return the named fields of what is signed, then the two of the signature."""
    inner, algorithm, signature = children(element(encoded))
    return [*zip(names, children(inner), strict=False), ("algorithm", algorithm), ("signature", signature)]


def _key(fields: Sequence[tuple[str, Element]]) -> Element:
    return next(field for name, field in fields if name == "public key")
