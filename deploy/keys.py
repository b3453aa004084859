"""A pair of keys for notifications to browsers (VAPID). `python -m deploy.keys` prints what the environment needs."""

import base64

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat


def vapid_pair() -> dict[str, str]:
    """Return a new pair: 32 bytes to sign with, 65 bytes for browsers to know us by, in base64url."""
    key = ec.generate_private_key(ec.SECP256R1())
    private = key.private_numbers().private_value.to_bytes(32, "big")
    public = key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    return {"VAPID_PRIVATE_KEY": _base64url(private), "VAPID_PUBLIC_KEY": _base64url(public)}


def _base64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


if __name__ == "__main__":
    for name, value in vapid_pair().items():
        print(f"{name}={value}")
