"""Messages of Web Push as a browser reads them: RFC 8188 and RFC 8291."""
import base64
import hmac
import os
import struct

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

RECORD_BYTES = 4096             # all that a push service has to take
HEAD = struct.Struct(">16sIB65s")


def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def from_base64url(text):
    data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    if base64url(data) != text:
        raise ValueError("not base64url")
    return data


def point(key):
    """Of a private key, the public one in 65 bytes."""
    return key.public_key().public_bytes(
        serialization.Encoding.X962,
        serialization.PublicFormat.UncompressedPoint)


def public_key(encoded):
    return ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(),
                                                        encoded)


def hkdf(salt, secret, info, length):
    """RFC 5869 for what fits into one hash."""
    extracted = hmac.digest(salt, secret, "sha256")
    return hmac.digest(extracted, info + b"\1", "sha256")[:length]


def content_keys(secret, auth, salt, receiver, sender):
    """Key and nonce; receiver and sender are points."""
    info = b"WebPush: info\0" + receiver + sender
    material = hkdf(auth, secret, info, 32)
    return (hkdf(salt, material, b"Content-Encoding: aes128gcm\0", 16),
            hkdf(salt, material, b"Content-Encoding: nonce\0", 12))


class Receiver:
    """The keys of a subscription, as PushSubscription.getKey() has them."""

    def __init__(self):
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.point = point(self.key)
        self.auth = os.urandom(16)

    def decrypt(self, body):
        """The plaintext; a ValueError for what a browser doesn't take."""
        if not HEAD.size < len(body) <= RECORD_BYTES:
            raise ValueError(f"{len(body)} bytes")
        salt, record, length, sender = HEAD.unpack_from(body)
        if length != 65:
            raise ValueError(f"a key of {length} bytes")
        if record < len(body) - HEAD.size:
            raise ValueError("more than a record")
        secret = self.key.exchange(ec.ECDH(), public_key(sender))
        key, nonce = content_keys(secret, self.auth, salt, self.point, sender)
        padded = AESGCM(key).decrypt(nonce, body[HEAD.size:], None)
        text = padded.rstrip(b"\0")
        if text[-1:] != b"\2":
            raise ValueError("not the last record")
        return text[:-1]
