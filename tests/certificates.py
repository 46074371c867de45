"""A certificate authority of the tests, and what it and others certify."""
import datetime
import ipaddress

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

DAY = datetime.timedelta(days=1)
HOSTS = "localhost", "127.0.0.1", "::1"


def private_pem(key):
    return key.private_bytes(serialization.Encoding.PEM,
                             serialization.PrivateFormat.PKCS8,
                             serialization.NoEncryption())


def general_name(host):
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def certificate(subject, key, issuer, issuer_key, days, extensions):
    now = datetime.datetime.utcnow()
    builder = x509.CertificateBuilder(
        issuer, subject, key.public_key(), x509.random_serial_number(),
        now - (1 + max(0, -days)) * DAY, now + days * DAY)
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical)
    return builder.sign(issuer_key, hashes.SHA256())


class Authority:
    def __init__(self, name="Kith's tests"):
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([
            x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
        self.certificate = certificate(
            self.name, self.key, self.name, self.key, 30, [
                (x509.BasicConstraints(ca=True, path_length=0), True),
                (x509.KeyUsage(False, False, False, False, False, True, True,
                               False, False), True)])

    @property
    def pem(self):
        return self.certificate.public_bytes(serialization.Encoding.PEM)

    def issue(self, path, hosts=HOSTS, days=7):
        """A file with a key and its certificate; days before 0: expired."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([
            x509.NameAttribute(x509.NameOID.COMMON_NAME, hosts[0])])
        names = x509.SubjectAlternativeName([*map(general_name, hosts)])
        issued = certificate(
            subject, key, self.name, self.key, days, [
                (names, False),
                (x509.BasicConstraints(ca=False, path_length=None), True)])
        path.write_bytes(private_pem(key) + issued.public_bytes(
            serialization.Encoding.PEM))
        return path
