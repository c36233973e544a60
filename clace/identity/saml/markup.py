"""XML of strangers, read without what makes XML dangerous: no DTD, no entities, no comments."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from lxml import etree

from clace.errors import SignInRefused

Element = Any
"""An element of lxml, which has no types."""
ASSERTION = "urn:oasis:names:tc:SAML:2.0:assertion"
PROTOCOL = "urn:oasis:names:tc:SAML:2.0:protocol"
METADATA = "urn:oasis:names:tc:SAML:2.0:metadata"
SIGNATURE = "http://www.w3.org/2000/09/xmldsig#"
NAMESPACES = {"saml": ASSERTION, "samlp": PROTOCOL, "md": METADATA, "ds": SIGNATURE}
REFUSED = "The sign-in was not accepted. Please try again."
LARGEST = 512 * 1024
WHITE_SPACE = " \t\r\n"
"""All that is white space to XML; other characters that look like it are a part of the text."""
_MOST_NODES = 20_000
_MOST_ATTRIBUTES = 64
_MOST_NAMESPACES = 40


def refused(reason: str) -> SignInRefused:
    """Return the refusal of an answer: ``reason`` is for the audit log, and repeats no secret."""
    return SignInRefused(REFUSED, reason)


def parsed(document: bytes, *, comments: bool = False) -> Element:
    """Return the root of a document in UTF-8.

    :raises SignInRefused: if it is large, is not well-formed, declares a document type, or has
        comments or processing instructions, unless ``comments`` are allowed.
    """
    if len(document) > LARGEST:
        raise refused(f"the XML is larger than {LARGEST} bytes")
    try:
        text = document.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise refused("the XML is not UTF-8") from None
    # Before the parser sees it: entities of attributes are expanded while it reads.
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise refused("the XML declares a document type")
    # The encoding that the document claims for itself is not asked: it was UTF-8 just now.
    parser = etree.XMLParser(
        encoding="utf-8",
        resolve_entities=False,
        load_dtd=False,
        dtd_validation=False,
        no_network=True,
        huge_tree=False,
        remove_comments=comments,
        remove_pis=comments,
    )
    try:
        root = etree.fromstring(text.encode(), parser)
    except etree.XMLSyntaxError:
        raise refused("the XML is not well-formed") from None
    _check_nodes(root)
    _check_names(root)
    return root


def _check_nodes(root: Element) -> None:
    info = root.getroottree().docinfo
    if info.internalDTD is not None or info.externalDTD is not None:
        raise refused("the XML declares a document type")
    beside = [*root.itersiblings(preceding=True), *root.itersiblings()]
    for count, node in enumerate([*beside, *root.iter()]):
        if not isinstance(node.tag, str):
            raise refused("the XML has a comment or a processing instruction")
        if count >= _MOST_NODES:
            raise refused(f"the XML has more than {_MOST_NODES} elements")


def _check_names(root: Element) -> None:
    """Refuse what takes long to write in canonical form, which is done before a signature is known
    to be right: each element costs the square of the namespaces in scope, and of its attributes.
    """
    in_scope = 0
    for event, node in etree.iterwalk(root, events=("start", "start-ns", "end-ns")):
        if event == "start" and len(node.attrib) > _MOST_ATTRIBUTES:
            raise refused(f"an element has more than {_MOST_ATTRIBUTES} attributes")
        in_scope += {"start-ns": 1, "end-ns": -1}.get(event, 0)
        if in_scope > _MOST_NAMESPACES:
            raise refused(f"more than {_MOST_NAMESPACES} namespaces are declared at a time")


def written(root: Element) -> bytes:
    document: bytes = etree.tostring(root)
    return document


def tag(prefix: str, name: str) -> str:
    return f"{{{NAMESPACES[prefix]}}}{name}"


def children(parent: Element, path: str) -> list[Element]:
    """Return what is at a path of children, such as ``saml:Subject/saml:NameID``."""
    found: list[Element] = parent.findall(path, NAMESPACES)
    return found


def only(parent: Element, path: str) -> Element:
    """:raises SignInRefused: if it is not there exactly once."""
    found = children(parent, path)
    if len(found) != 1:
        raise refused(f"expected one {path}, found {len(found)}")
    return found[0]


def text_of(element: Element) -> str:
    """Return the text of an element that has nothing else in it.

    :raises SignInRefused: if it has children, so that a part of its text could be overlooked.
    """
    if len(element):
        raise refused(f"{local_name(element)} has more than text")
    return (element.text or "").strip(WHITE_SPACE)


def local_name(element: Element) -> str:
    return str(etree.QName(element).localname)


def time_of(element: Element, attribute: str) -> float | None:
    """Return a time in seconds since 1970; None if the attribute is missing.

    :raises SignInRefused: if it cannot be read, or is not in UTC.
    """
    value = element.get(attribute)
    return None if value is None else seconds_of(value)


def times_of(elements: Iterable[Element], attribute: str) -> list[float]:
    """Return the times of those that have the attribute; 1970 is one, though it is zero.

    :raises SignInRefused: as above.
    """
    found = (time_of(each, attribute) for each in elements)
    return [seconds for seconds in found if seconds is not None]


def seconds_of(value: str) -> float:
    """:raises SignInRefused: if it cannot be read, or is not in UTC."""
    try:
        found = datetime.fromisoformat(value)
    except ValueError:
        raise refused("a time cannot be read") from None
    if found.tzinfo is None or found.utcoffset():
        raise refused("a time is not in UTC")
    return found.timestamp()


def instant(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
