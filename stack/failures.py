"""Errors that come out of a command and are the operator's to mend, as the one line that says what to do."""

from pydantic import ValidationError
from pydantic_settings import SettingsError
from pymongo.errors import ConfigurationError, InvalidURI, OperationFailure, PyMongoError
from redis.exceptions import RedisError

from api.persisted import BadManifest
from projector.ownership import WrongPartitions
from projector.reaching import Unavailable as RedisUnavailable
from stack.configuration import PACKAGES, explain
from stack.settings import DevSettings
from write_model.mongo.terms import TermsDiffer
from write_model.rejection import Unavailable
from write_model.relay.changes import HistoryLost
from write_model.relay.publisher import Hole
from write_model.relay.replay import JournalLacks, TooManyUnpublished

_REMEDIES = {
    13: ": give the user of MONGODB_URL the role readWrite on MONGODB_DATABASE",
    18: ": check user and password in MONGODB_URL",
    40573: ": start MongoDB with --replSet, and initiate the set",
}
"""By MongoDB's error codes: Unauthorized, AuthenticationFailed, and change streams on a server of its own."""
_SETTINGS = {DevSettings.__name__} | {kind.__name__ for kinds in PACKAGES.values() for kind in kinds}


def as_line(error: BaseException) -> str | None:
    """The line, None for an error that is a fault of ours and deserves its traceback."""
    match error:
        case ValidationError() if error.title in _SETTINGS:
            return explain(error)
        case SettingsError():
            return str(error)
        case InvalidURI() | ConfigurationError():
            return f"MONGODB_URL is not a MongoDB URL that can be used: {error}"
        case OperationFailure():
            why = error.details.get("errmsg", error) if error.details else error
            return f"MongoDB refused: {why}{_REMEDIES.get(error.code or 0, '')}"
        case HistoryLost():
            return "the oplog of MongoDB does not reach back so far: see that a relay runs, which records what is past"
        case ModuleNotFoundError() if (error.name or "").startswith("opentelemetry"):
            return (
                "OTEL_EXPORTER_OTLP_ENDPOINT is set, but what sends traces is not installed: "
                "pip install 'orderstream[tracing]', or unset it"
            )
        case PyMongoError():
            return "MongoDB does not answer: check MONGODB_URL, and that it runs there"
        case RedisError() | RedisUnavailable():
            return f"Redis does not answer as it should: {error}: check REDIS_URL, and that it runs there"
        case Hole() | TooManyUnpublished() | JournalLacks():
            return f"publication has stopped, and needs somebody to look: {error}"
        case BadManifest():
            return str(error)
        case TermsDiffer() | WrongPartitions():
            return str(error)
        case Unavailable():
            return f"{error}: check MONGODB_URL and REDIS_URL, and that the servers run there"
        case OSError() if error.strerror:
            return f"{error.filename or 'the system'}: {error.strerror}"
        case BaseExceptionGroup():
            lines = {as_line(one) for one in error.exceptions}
            return None if None in lines else "; ".join(sorted(line for line in lines if line))
    return None
