"""Request bodies as clients send them: read tolerantly where real clients differ, refused where they are wrong."""

from typing import TypeVar

from aiohttp import web
from pydantic import AliasChoices, BaseModel, Field, TypeAdapter, ValidationError

from core.world.github.records import Label
from core.world.github.refusals import PlainRefusal
from core.world.github.scale_sets import ScaleSetChange

_T = TypeVar("_T")


class LabelBody(BaseModel):
    """A label; clients may leave out the type."""

    name: str = Field(min_length=1)
    type: str = "System"


class RunnerSettingBody(BaseModel):
    """Settings of a scale set; an absent member is false in a create and unchanged in an update."""

    disable_update: bool | None = Field(None, alias="disableUpdate")


class ScaleSetBody(BaseModel):
    """A scale set to create or the part of one to update; `createdOn` and the rest are ignored (section 3.1)."""

    name: str | None = None
    group_id: int | None = Field(None, alias="runnerGroupId")
    labels: list[LabelBody] | None = None
    setting: RunnerSettingBody | None = Field(None, validation_alias=AliasChoices("RunnerSetting", "runnerSetting"))

    def change(self) -> ScaleSetChange:
        """Return what the body asks for."""
        labels = None if self.labels is None else tuple(Label(label.name, label.type) for label in self.labels)
        disable_update = None if self.setting is None else self.setting.disable_update
        return ScaleSetChange(self.name or None, self.group_id or None, labels, disable_update)


class JitBody(BaseModel):
    """What a JIT config is asked for with; both keys must be there (section 4.1)."""

    name: str = Field(min_length=1)
    work_folder: str = Field(alias="workFolder", min_length=1)


class SessionBody(BaseModel):
    """What a session is opened with; an all-zero `sessionId` beside it is ignored (section 5.2)."""

    owner: str = Field(alias="ownerName", min_length=1)


class RegistrationBody(BaseModel):
    """What an admin connection is asked for with (section 2.5)."""

    url: str = Field(pattern="[^/]$")
    runner_event: str = Field(pattern="^register$")


async def read_body(request: web.Request, model: type[_T]) -> _T:
    """Return the request's JSON body as `model`; raises PlainRefusal (400) with the reasons, never with the input."""
    try:
        return TypeAdapter(model).validate_json(await request.read())
    except ValidationError as error:
        details = error.errors(include_url=False, include_context=False, include_input=False)
        reasons = "; ".join(f"{'.'.join(map(str, detail['loc'])) or 'body'}: {detail['msg']}" for detail in details)
        raise PlainRefusal(400, reasons) from None
