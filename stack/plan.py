"""How a query or a mutation is answered, or how a subscription's events are written, to be read."""

from collections.abc import Collection

from graphql import GraphQLSyntaxError, OperationType, get_operation_ast, parse, validate

from api.compiled.code import NotPlanned
from api.compiled.events import make_payload
from api.compiled.plans import conditions_of, operations_of
from api.limits import measure
from api.schema import schema
from stack.operator_error import OperatorError


def explain(text: str, name: str | None, false: Collection[str]) -> str:
    """The plan of an operation, where these variables are false and all others of its conditions true.

    OperatorError for a document that is not valid, and for what has no plan: the executor answers it.
    """
    try:
        document = parse(text)
    except GraphQLSyntaxError as error:
        raise OperatorError(error.message) from error
    if errors := validate(schema._schema, document):
        raise OperatorError(errors[0].message)
    definition = get_operation_ast(document, name)
    if definition and definition.operation is OperationType.SUBSCRIPTION:
        conditions = {variable: variable not in false for variable in conditions_of(document)}
        try:
            return make_payload(schema._schema, document, definition, conditions).code
        except NotPlanned:
            raise OperatorError("there is no plan: the executor writes each event") from None
    operation = operations_of(schema, document, measure(schema._schema, document)).get(name)
    plan = operation and operation.plan({variable: variable not in false for variable in operation.conditions})
    if plan is None:
        raise OperatorError("there is no plan: the executor answers this")
    return str(plan)
