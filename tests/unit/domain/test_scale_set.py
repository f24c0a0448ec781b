"""What a scale set is called, on GitHub and on its runners (behaviour.md 1.3, 1.5)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.scale_set import MAX_NAME, controller_label, labels_on_github, runner_name, scale_set_of
from tests.builders import a_scale_set

suffixes = st.text("0123456789abcdef", min_size=8, max_size=8)
names = st.text(st.characters(codec="utf-8", exclude_characters="\n\r"), min_size=1, max_size=MAX_NAME)


def test_the_labels_are_name_derived_labels_system_label_and_controller() -> None:
    spec = a_scale_set("ci-small", labels=("x64", "linux"))
    assert labels_on_github(spec, "blue") == ("ci-small", "x64", "linux", "ecs-arc.managed", "arcdeck.controller.blue")


def test_a_label_is_given_once_however_often_it_is_asked_for() -> None:
    spec = a_scale_set("small", labels=("small", "linux", "ecs-arc.managed"))
    assert labels_on_github(spec, "blue") == ("small", "linux", "ecs-arc.managed", "arcdeck.controller.blue")


def test_the_controllers_label_names_it() -> None:
    assert controller_label("blue") == "arcdeck.controller.blue"


def test_a_runner_is_named_after_its_scale_set_and_eight_hex_digits() -> None:
    assert runner_name("ci-small", "0a1b2c3d") == "ci-small-0a1b2c3d"


def test_the_longest_scale_set_name_leaves_room_for_its_runners_names() -> None:
    assert len(runner_name("s" * MAX_NAME, "0a1b2c3d")) == 64


@given(name=names, suffix=suffixes)
def test_a_runners_name_points_back_to_its_scale_set(name: str, suffix: str) -> None:
    assert scale_set_of(runner_name(name, suffix)) == name


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("", id="empty"),
        pytest.param("small", id="no suffix"),
        pytest.param("-0a1b2c3d", id="no scale set"),
        pytest.param("small-0A1B2C3D", id="upper case"),
        pytest.param("small-0a1b2c3", id="seven digits"),
        pytest.param("small-0a1b2c3g", id="not hex"),
        pytest.param("small0a1b2c3d", id="no dash"),
        pytest.param("small-0a1b2c3d-x", id="something behind"),
        pytest.param("small-0a1b2c3d\n", id="a line break behind"),
    ],
)
def test_a_name_of_another_form_points_nowhere(name: str) -> None:
    assert scale_set_of(name) is None


def test_nine_hex_digits_belong_to_no_scale_set_of_eight() -> None:
    assert scale_set_of("small-00a1b2c3d") is None


def test_the_suffix_is_the_last_one_when_a_scale_set_is_named_like_a_runner() -> None:
    assert scale_set_of("small-0a1b2c3d-ffffffff") == "small-0a1b2c3d"
