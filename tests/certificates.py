"""A certificate authority of a test's own, for servers on this machine."""

import ipaddress
import ssl
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

DAY = timedelta(days=1)
SIGNS = x509.KeyUsage(
    digital_signature=False,
    content_commitment=False,
    key_encipherment=False,
    data_encipherment=False,
    key_agreement=False,
    key_cert_sign=True,
    crl_sign=True,
    encipher_only=False,
    decipher_only=False,
)


class Authority:
    """Vouches for one server of these names. `ca` is its certificate, `certificate` and `key` those of the server, and
    `together` both of these in one file, as mongod wants them."""

    def __init__(self, folder: Path, names: Sequence[str] = ("localhost", "127.0.0.1")) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.ca, self.certificate = folder / "ca.pem", folder / "server.pem"
        self.key, self.together = folder / "server.key", folder / "server-and-key.pem"
        own, own_name = ec.generate_private_key(ec.SECP256R1()), _named("An authority for tests")
        itself = (
            _for(own_name, own.public_key(), own_name, own.public_key())
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(SIGNS, critical=True)
        )
        self.ca.write_bytes(itself.sign(own, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
        theirs = ec.generate_private_key(ec.SECP256R1())
        purposes = [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
        served = (
            _for(_named(names[0]), theirs.public_key(), own_name, own.public_key())
            .add_extension(x509.SubjectAlternativeName([_place(name) for name in names]), critical=False)
            .add_extension(x509.ExtendedKeyUsage(purposes), critical=False)
        )
        pem = served.sign(own, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
        key = theirs.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        for file, content in ((self.certificate, pem), (self.key, key), (self.together, pem + key)):
            file.write_bytes(content)
            file.chmod(0o600)

    @property
    def served(self) -> ssl.SSLContext:
        """The server's side."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate, self.key)
        return context

    @property
    def trust(self) -> ssl.SSLContext:
        """What a client takes that believes this authority and no other."""
        return ssl.create_default_context(cafile=str(self.ca))


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _place(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _for(
    subject: x509.Name, key: ec.EllipticCurvePublicKey, issuer: x509.Name, issuers: ec.EllipticCurvePublicKey
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - DAY)
        .not_valid_after(now + DAY)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuers), critical=False)
    )
