"""Distinguished names as Go's ``crypto/x509/pkix`` writes them."""

from __future__ import annotations

from cryptography import x509
from cryptography.x509.oid import NameOID

from ringtaw_coordinator.manifest.model import Name
from ringtaw_coordinator.pki.fields import object_identifier


def distinguished_name(name: Name, common_name: str) -> x509.Name:
    """Return the name in the order of Go's ``pkix.Name.ToRDNSequence``.

    Values of one kind share one relative distinguished name; an extra attribute replaces the
    field of the same kind. ``common_name`` takes the place of the name's own.

    Raises:
        ValueError: An OID does not parse.
    """
    fields = (
        (NameOID.COUNTRY_NAME, name.country),
        (NameOID.ORGANIZATION_NAME, name.organization),
        (NameOID.ORGANIZATIONAL_UNIT_NAME, name.organizational_unit),
        (NameOID.LOCALITY_NAME, name.locality),
        (NameOID.STATE_OR_PROVINCE_NAME, name.province),
        (NameOID.STREET_ADDRESS, name.street_address),
        (NameOID.POSTAL_CODE, name.postal_code),
        (NameOID.COMMON_NAME, (common_name,)),
        (NameOID.SERIAL_NUMBER, (name.serial_number,) if name.serial_number else ()),
    )
    extra = [(object_identifier(oid), value) for oid, value in name.extra]
    replaced = {oid for oid, _ in extra}
    kinds = [(oid, values) for oid, values in fields if values and oid not in replaced]
    kinds += [(oid, (value,)) for oid, value in extra]
    return x509.Name(
        x509.RelativeDistinguishedName([_attribute(oid, value) for value in dict.fromkeys(values)])
        for oid, values in kinds
    )


def _attribute(oid: x509.ObjectIdentifier, value: str) -> x509.NameAttribute[str]:
    """Warn where Go does nothing, for example of a country that has more than two letters."""
    return x509.NameAttribute(oid, value, _validate=False)
