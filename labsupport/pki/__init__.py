"""Certificates: an authority, the identities it issues, and certificates with exactly one defect."""
