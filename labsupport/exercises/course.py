"""The lessons of the course, in order: the slug names a lesson everywhere."""

from __future__ import annotations

__all__ = ["LESSONS"]

LESSONS = {
    "00_start": "The whole story in five minutes",
    "01_rsa": "RSA you can hold in your hand",
    "02_signatures": "Hash, pad, sign",
    "03_certificate": "Inside a certificate",
    "04_authority": "Running a certificate authority",
    "05_handshake": "The handshake under the microscope",
    "06_five_requests": "Five requests and a proxy",
    "07_zoo": "Certificate zoo and error clinic",
    "08_attacks": "Attacks and authorisation",
    "09_lifecycle": "Expiry, rotation, revocation",
    "10_deployment": "Deployment and capstone",
}
