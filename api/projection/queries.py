"""How far the read model has come."""

import strawberry

from api.context import Info
from api.fields import field
from api.scalars import ConsistencyToken
from read_model.projection import projection_status


@strawberry.type(description="How far queries are behind commands.")
class ProjectionStatus:
    position: ConsistencyToken = strawberry.field(description="Everything committed up to here is shown.")
    lag_events: int = strawberry.field(description="Published events that are not projected yet.")
    lag_seconds: float = strawberry.field(
        description="Age in seconds of the oldest event that is not projected yet; 0 when there is none."
    )
    parked_events: int = strawberry.field(description="Events set aside because they could not be projected.")


@strawberry.type
class ProjectionQueries:
    @field("How far the read model has come.")
    async def projection(self, info: Info) -> ProjectionStatus:
        read = info.context.services.read
        status = await projection_status(read.reader, read.changes)
        return ProjectionStatus(
            position=ConsistencyToken(status.position.encode()),
            lag_events=status.lag_events,
            lag_seconds=status.lag_seconds,
            parked_events=status.parked_events,
        )
