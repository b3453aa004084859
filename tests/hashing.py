"""Passwords hashed in no time."""

from django.contrib.auth.hashers import PBKDF2PasswordHasher


class QuickHasher(PBKDF2PasswordHasher):
    """Django's own way with one round instead of a million.

    The number of rounds stands in the hash, so the portal's real processes can check what a test stored.
    """

    iterations = 1
