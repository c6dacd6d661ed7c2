"""Documents that clients name instead of sending: those of a manifest, and then no others, or any sent before.

By `documentId` (GraphQL over HTTP, appendix on persisted documents), or by `extensions.persistedQuery.sha256Hash`, as
Apollo's protocol has it.
"""

import json
from collections.abc import Iterator, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any, Final, Protocol

from cachetools import LRUCache
from graphql import GraphQLError, GraphQLSchema

from api.documents import KEPT_CHARACTERS, LONGEST_KEPT, keep_for_good
from api.errors import BadUserInput, Code, Fault
from api.settings import ApiSettings
from api.wire import GraphQLRequest

APOLLO_FORMAT: Final = "apollo-persisted-query-manifest"


class NotSupported(Fault):
    code = Code.PERSISTED_QUERY_NOT_SUPPORTED


class NotFound(Fault):
    code = Code.PERSISTED_QUERY_NOT_FOUND


class NotTrusted(Fault):
    code = Code.DOCUMENT_NOT_TRUSTED


class BadManifest(Exception):
    """A manifest that cannot be served; its message says where it is wrong."""


class Persisted(Protocol):
    """What knows the texts of documents."""

    def text_of(self, request: GraphQLRequest) -> str | None:
        """The document that the request sends or names, None where it does neither; a Fault where it may not."""
        ...


class Unnamed:
    """Documents are sent, and not named."""

    def text_of(self, request: GraphQLRequest) -> str | None:
        """What is sent; NotSupported for a name alone."""
        if request.query is None and _name_of(request):
            raise NotSupported("PersistedQueryNotSupported")  # clients know it by this word
        return request.query


class Sent:
    """Documents that were sent with their hash, by that: as many as there is room for, in this process."""

    def __init__(self) -> None:
        self._texts: LRUCache[str, str] = LRUCache(KEPT_CHARACTERS, getsizeof=len)

    def text_of(self, request: GraphQLRequest) -> str | None:
        """What is sent, or was once; NotFound, upon which clients send it again, and then it is known."""
        name, text = _name_of(request), request.query
        if name is None:
            return text
        if text is None:
            text = self._texts.get(name)
            if text is None:
                raise NotFound("PersistedQueryNotFound")  # clients know it by this word
        elif name not in self._texts:
            if _hash(text) != name:
                raise BadUserInput(
                    "The hash is not the document's: send the SHA-256 of `query`, in hexadecimal digits."
                )
            if len(text) <= LONGEST_KEPT:
                self._texts[name] = text
        return text


class Trusted:
    """The documents of a manifest, by their ids and their hashes; no others."""

    def __init__(self, texts: Mapping[str, str]) -> None:
        self.texts: Final = frozenset(texts.values())
        self._by_name: Final = {**{_hash(text): text for text in self.texts}, **texts}

    def text_of(self, request: GraphQLRequest) -> str | None:
        """What is named or sent; NotTrusted where the manifest does not have it."""
        name, text = _name_of(request), request.query
        if text is None and name is not None:
            text = self._by_name.get(name)
        elif text not in self.texts:
            text = None
        if text is None:
            raise NotTrusted(
                "Only the documents of the manifest are answered here, and this is none of them: "
                "deploy the client's manifest first (DOCUMENTS)."
            )
        return text


def open_persisted(schema: GraphQLSchema, settings: ApiSettings) -> Persisted:
    """What the settings ask for; BadManifest where the manifest cannot be served."""
    if settings.documents is not None:
        return Trusted(read_manifest(settings.documents, schema, settings))
    return Sent() if settings.automatic_persisted_queries else Unnamed()


def read_manifest(path: Path, schema: GraphQLSchema, settings: ApiSettings) -> Mapping[str, str]:
    """The texts by id, of a file of Apollo's format or of an object of ids and texts; all are valid and within limits.

    BadManifest.
    """
    try:
        texts = dict(_entries(json.loads(path.read_text(encoding="utf-8"))))
    except OSError as error:
        raise BadManifest(f"{path}: {(error.strerror or str(error)).lower()}") from error
    except ValueError as error:
        raise BadManifest(f"{path} is not a manifest: {error}") from error
    for id, text in texts.items():
        try:
            keep_for_good(schema, text, settings)
        except GraphQLError as error:
            line = f", line {error.locations[0].line}" if error.locations else ""
            raise BadManifest(f"{path}: document {id[:80]!r}{line}: {error.message}") from error
    return texts


def _entries(manifest: Any) -> Iterator[tuple[str, str]]:
    """Ids and texts; ValueError."""
    if not isinstance(manifest, dict):
        raise ValueError("it is no object")
    if "format" not in manifest:
        for id, text in manifest.items():
            yield _entry(repr(id), id, text)
        return
    if manifest["format"] != APOLLO_FORMAT or manifest.get("version") != 1:
        raise ValueError(f'its "format" is not {APOLLO_FORMAT!r} in "version" 1')
    operations = manifest.get("operations")
    if not isinstance(operations, list):
        raise ValueError('it has no list of "operations"')
    for number, operation in enumerate(operations):
        if not isinstance(operation, dict):
            raise ValueError(f"operations[{number}] is no object")
        yield _entry(f"operations[{number}]", operation.get("id"), operation.get("body"))


def _entry(where: str, id: object, text: object) -> tuple[str, str]:
    if not isinstance(id, str) or not isinstance(text, str):
        raise ValueError(f"{where} does not have an id and a document, both text")
    return id, text


def _name_of(request: GraphQLRequest) -> str | None:
    """By what the request names its document."""
    if request.documentId is not None:
        return request.documentId.removeprefix("sha256:")
    named = (request.extensions or {}).get("persistedQuery")
    if named is None:
        return None
    match named:
        case {"sha256Hash": str(name)}:
            return name
    raise BadUserInput("`extensions.persistedQuery` has a `sha256Hash`, which is text.")


def _hash(text: str) -> str:
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
