"""Which starts share a fate when ECS refuses one (DESIGN.md section 4, Starts)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.errors import CapacityKind, TransientCapacityError
from core.domain.placement import Dimension, PlacementClass, PlacementRequest, closed_by, request_of
from core.domain.scale_set import LaunchType, Placement, Shape
from tests.builders import a_scale_set

MEDIUM = PlacementRequest("FARGATE", cpu=1024, memory=2048, eni=True)

sizes = st.sampled_from([256, 512, 1024, 2048, 4096])
requests = st.builds(PlacementRequest, st.sampled_from(["FARGATE", "spot"]), sizes, sizes, st.booleans())
reasons = st.sampled_from(
    [
        "RESOURCE:CPU",
        "RESOURCE:MEMORY",
        "RESOURCE:ENI",
        "RESOURCE:PORTS",
        "RESOURCE:GPU",
        "Capacity is unavailable at this time",
        "AGENT",
        "EMPTY CAPACITY PROVIDER",
        "NO ACTIVE INSTANCES",
        "whatever else",
    ]
)


def refusal(*reasons: str, kind: CapacityKind = CapacityKind.CAPACITY) -> TransientCapacityError:
    return TransientCapacityError("RunTask started no task", kind=kind, reasons=reasons)


def closed(reason: str, request: PlacementRequest = MEDIUM) -> PlacementClass:
    return closed_by(refusal(reason), request)


def size(cpu: int = 1024, memory: int = 2048, *, provider: str = "FARGATE", eni: bool = True) -> PlacementRequest:
    return PlacementRequest(provider, cpu, memory, eni)


# --- what a refusal closes -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("reason", "dimension"),
    [
        ("RESOURCE:CPU", Dimension.CPU),
        ("resource:memory", Dimension.MEMORY),
        ("RESOURCE:ENI", Dimension.ENI),
        ("RESOURCE:PORTS", Dimension.PORTS),
        ("RESOURCE:PORTS_TCP", Dimension.PORTS),
        ("RESOURCE:GPU", Dimension.GPU),
        ("Capacity is unavailable at this time. Please try again later", Dimension.SIZE),
        ("AGENT", Dimension.ALL),
        ("EMPTY CAPACITY PROVIDER", Dimension.ALL),
        ("NO ACTIVE INSTANCES", Dimension.ALL),
    ],
)
def test_what_ecs_said_decides_the_dimension(reason: str, dimension: Dimension) -> None:
    assert closed(reason).dimension is dimension


@pytest.mark.parametrize(
    ("kind", "dimension"), [(CapacityKind.THROTTLE, Dimension.RATE), (CapacityKind.QUOTA, Dimension.ALL)]
)
def test_throttling_and_quotas_close_the_whole_provider_whatever_their_words(
    kind: CapacityKind, dimension: Dimension
) -> None:
    place = closed_by(refusal("RESOURCE:CPU", kind=kind), MEDIUM)
    assert place == PlacementClass("FARGATE", dimension)
    assert str(place) == "all of FARGATE"


@given(request=requests, reason=reasons)
def test_a_refused_request_belongs_to_the_class_it_closes(request: PlacementRequest, reason: str) -> None:
    assert closed(reason, request).covers(request)


@given(request=requests, other=requests, reason=reasons)
def test_another_provider_is_never_closed_with_it(
    request: PlacementRequest, other: PlacementRequest, reason: str
) -> None:
    assert request.provider == other.provider or not closed(reason, request).covers(other)


# --- what a class covers -------------------------------------------------------------------------------------------


@given(request=requests, other=requests)
def test_no_cpu_closes_the_provider_for_as_much_cpu_and_more(
    request: PlacementRequest, other: PlacementRequest
) -> None:
    expected = other.provider == request.provider and other.cpu >= request.cpu
    assert closed("RESOURCE:CPU", request).covers(other) is expected


@given(request=requests, other=requests)
def test_no_memory_closes_the_provider_for_as_much_memory_and_more(
    request: PlacementRequest, other: PlacementRequest
) -> None:
    expected = other.provider == request.provider and other.memory >= request.memory
    assert closed("RESOURCE:MEMORY", request).covers(other) is expected


def test_a_smaller_request_is_still_tried() -> None:
    assert not closed("RESOURCE:CPU", size(cpu=1024)).covers(size(cpu=512))
    assert not closed("RESOURCE:MEMORY", size(memory=2048)).covers(size(memory=1024))


@given(request=requests, other=requests)
def test_fargate_capacity_closes_one_pair_of_cpu_and_memory(request: PlacementRequest, other: PlacementRequest) -> None:
    same = (other.provider, other.cpu, other.memory) == (request.provider, request.cpu, request.memory)
    assert closed("Capacity is unavailable", request).covers(other) is same


def test_no_network_interface_closes_the_provider_for_tasks_that_need_one() -> None:
    place = closed("RESOURCE:ENI")
    assert place.covers(size(cpu=256, memory=512, eni=True))
    assert not place.covers(size(eni=False))


def test_a_refusal_for_what_the_request_does_not_need_closes_the_provider_for_all() -> None:
    assert closed("RESOURCE:ENI", size(eni=False)) == PlacementClass("FARGATE", Dimension.ALL)


@pytest.mark.parametrize("reason", ["RESOURCE:PORTS", "RESOURCE:GPU"])
def test_ports_and_gpus_that_we_never_ask_for_close_the_refused_size_alone(reason: str) -> None:
    assert closed(reason).covers(MEDIUM)
    assert not closed(reason).covers(size(cpu=2048))


@given(request=requests, other=requests)
def test_an_absent_agent_closes_the_provider_for_all(request: PlacementRequest, other: PlacementRequest) -> None:
    assert closed("AGENT", request).covers(other) is (other.provider == request.provider)


# --- the words -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        ("RESOURCE:CPU", "FARGATE for 1024 cpu and more"),
        ("RESOURCE:MEMORY", "FARGATE for 2048 MiB and more"),
        ("Capacity is unavailable", "FARGATE for 1024 cpu with 2048 MiB"),
        ("RESOURCE:ENI", "FARGATE for tasks with eni"),
        ("AGENT", "all of FARGATE"),
    ],
)
def test_a_class_is_told_in_words(reason: str, words: str) -> None:
    assert str(closed(reason)) == words


# --- what a start asks for -----------------------------------------------------------------------------------------


def test_a_start_asks_for_its_shape_on_its_launch_type() -> None:
    spec = a_scale_set(shape=Shape(2048, 4096, "runner:1"), placement=Placement(LaunchType.EXTERNAL, (), "bridge"))
    assert request_of(spec) == PlacementRequest("EXTERNAL", 2048, 4096, eni=False)


def test_a_capacity_provider_excludes_the_launch_type() -> None:
    assert request_of(a_scale_set(), "spot").provider == "spot"


def test_a_task_in_awsvpc_mode_needs_a_network_interface() -> None:
    assert request_of(a_scale_set(placement=Placement(network_mode="awsvpc"))).eni
