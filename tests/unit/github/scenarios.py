"""What the tests of GitHub's own scale-set client exercise, row by row, and where it is exercised here.

The rows are those of github-scale-set-api.md, Appendix B.1 to B.3. Each names the tests that play it here, or the place
where the design of this program rules otherwise; a row that does both is played as far as the ruling lets it.
``test_scenarios.py`` checks that all of them exist.
"""

from typing import Final

from tests.unit.github.scenario import row

ADMIN: Final = "tests/unit/github/test_admin.py"
ADDRESSES: Final = "tests/unit/github/test_addresses.py"
CLIENT: Final = "tests/unit/github/test_client.py"
CONFIG_URL: Final = "tests/unit/github/test_config_url.py"
DECODE: Final = "tests/unit/github/test_decode.py"
ERRORS: Final = "tests/unit/github/test_errors.py"
POOLS: Final = "tests/unit/github/test_pools.py"
SESSION: Final = "tests/unit/github/test_session.py"
TRANSPORT: Final = "tests/unit/github/test_transport.py"

#: A ruling of this client alone: a call that registers something, or waits by itself, is not repeated below its caller.
REPEATS: Final = "DESIGN.md section 3, Bounded; behaviour.md row 8: a JIT config and a poll are repeated by who asked"

#: B.1, the client.
THE_CLIENT: Final = (
    row(
        "B.1",
        "the REST URL follows from the config URL",
        (CONFIG_URL, "a_config_url_says_whose_runners_and_where_the_api_is"),
    ),
    row(
        "B.1",
        "a body is sent as it was given",
        (ADMIN, "the_admin_connection_is_asked_for_with_the_registration_token"),
        (ADMIN, "github_is_told_the_config_url_without_its_slash_and_unescaped"),
    ),
    row(
        "B.1",
        "the first call registers once; its bearer and end are those of the admin token",
        (ADMIN, "the_admin_token_opens_the_actions_service"),
        (ADMIN, "a_valid_connection_is_used_again"),
    ),
    row(
        "B.1",
        "an admin token with 59 s left is renewed before the call",
        (ADMIN, "a_connection_with_less_than_a_minute_left_is_refreshed_before_use"),
    ),
    row(
        "B.1",
        "a refresh that fails tells what the server said and keeps the old connection",
        (ADMIN, "a_failed_refresh_keeps_the_old_connection_and_tells_what_the_server_said"),
    ),
    row(
        "B.1",
        "registering is refused with 401 four times and then succeeds",
        (ADMIN, "a_registration_token_that_is_not_known_everywhere_yet_is_waited_for"),
    ),
    row("B.1", "a valid token costs no registration", (ADMIN, "a_valid_connection_is_used_again")),
    row(
        "B.1",
        "a path with a query is joined to a service URL with a tenant's path",
        (ADDRESSES, "the_services_path_and_ours_are_joined_with_one_slash"),
        (ADDRESSES, "the_services_query_is_kept_and_ours_overrules_it"),
    ),
    row(
        "B.1",
        "content type, bearer and user agent of a call",
        (CLIENT, "a_scale_set_is_looked_up_by_name_in_its_group"),
        (CLIENT, "the_controller_says_who_it_is"),
    ),
    row(
        "B.1",
        "a runner is found by name and removed",
        (CLIENT, "a_runner_is_looked_up_by_name"),
        (CLIENT, "a_runner_is_removed"),
        ruled="DESIGN.md section 4, Registrations: nothing asks for one runner by its id",
    ),
    row("B.1", "no runner of that name is none", (CLIENT, "a_runner_that_is_not_registered_is_none")),
    row(
        "B.1",
        "503 for ever: as many requests as there are tries, then an error",
        (TRANSPORT, "a_server_that_stays_broken_is_asked_five_times_and_quoted"),
    ),
    row(
        "B.1",
        "a runner group is found, or an error",
        (CLIENT, "a_runner_group_is_looked_up_by_name"),
        (CLIENT, "a_runner_group_that_is_not_there_is_a_configuration_error"),
    ),
    row(
        "B.1",
        "a scale set by name: found, refused in plain text, counted as none, found twice",
        (CLIENT, "a_scale_set_is_looked_up_by_name_in_its_group"),
        (CLIENT, "a_count_of_zero_is_no_scale_set"),
        (CLIENT, "two_scale_sets_of_one_name_are_an_error_that_names_them"),
        (ERRORS, "whatever_the_form_of_a_refusal_its_text_is_told"),
    ),
    row(
        "B.1",
        "a scale set by id",
        (CLIENT, "updating_a_scale_set_that_is_gone_says_so"),
        (CLIENT, "an_answer_that_proves_nothing_is_neither_found_nor_absent"),
        ruled="DESIGN.md section 3, Absence is never proof: null is no answer; nothing asks by id",
    ),
    row(
        "B.1",
        "create: its request, and its refusals",
        (CLIENT, "a_scale_set_is_created_with_its_labels_and_without_runner_updates"),
        (ERRORS, "whatever_the_form_of_a_refusal_its_text_is_told"),
    ),
    row(
        "B.1",
        "create without labels sends the name as one",
        (CLIENT, "a_scale_set_without_labels_gets_its_name_as_one"),
        ruled="style.md section 2, Typed edges: what the caller gave is not changed",
    ),
    row(
        "B.1",
        "create without name and labels is refused without a request",
        (CLIENT, "a_scale_set_without_name_and_labels_is_refused_without_a_request"),
    ),
    row(
        "B.1",
        "labels are sent with their type",
        (CLIENT, "a_scale_set_is_created_with_its_labels_and_without_runner_updates"),
    ),
    row("B.1", "update: its request", (CLIENT, "a_name_that_is_taken_is_found_and_updated_instead")),
    row(
        "B.1",
        "delete: done, or refused with a message",
        (CLIENT, "a_scale_set_is_deleted_or_was_gone_already"),
        (CLIENT, "a_scale_set_that_cannot_be_deleted_now_is_an_error"),
    ),
    row(
        "B.1",
        "a JIT config from any JSON object; 503 for ever",
        (CLIENT, "an_answer_without_runner_or_config_is_a_protocol_error_that_shows_nothing"),
        (TRANSPORT, "a_jit_config_is_never_asked_for_twice"),
        ruled=REPEATS,
    ),
    row(
        "B.1",
        "TLS: an unknown authority is refused, a named one is trusted",
        (POOLS, "a_certificate_of_an_unknown_authority_is_a_matter_for_people_and_not_retried"),
        (POOLS, "a_certificate_of_a_named_authority_is_trusted"),
        ruled="DESIGN.md section 5: TLS is verified, and cannot be told not to be",
    ),
    row(
        "B.1",
        "an admin token that lives for a minute is renewed for each call",
        (ADMIN, "a_token_that_lives_for_less_than_a_minute_is_refreshed_for_each_call"),
    ),
)

#: B.2, the session.
THE_SESSION: Final = (
    row("B.2", "a session is created and read whole", (SESSION, "opening_tells_the_owner_and_brings_statistics")),
    row(
        "B.2",
        "creating is refused with an exception and its ids",
        (ERRORS, "an_unknown_exception_is_told_with_all_its_details"),
        (SESSION, "a_session_that_another_holds_is_a_conflict_and_is_asked_for_once"),
    ),
    row(
        "B.2",
        "creating meets 500 for ever",
        (SESSION, "a_session_that_may_have_been_opened_is_not_asked_for_again"),
        ruled="DESIGN.md section 3, The session is the lease: a repeat would meet our own session as a conflict",
    ),
    row("B.2", "an envelope without a body", (DECODE, "a_message_may_bring_nothing_at_all")),
    row("B.2", "a poll after message 1", (SESSION, "a_later_poll_asks_for_what_comes_after")),
    row(
        "B.2",
        "a poll meets 503 for ever",
        (SESSION, "a_failed_poll_is_left_to_the_listeners_own_rhythm"),
        ruled=REPEATS,
    ),
    row(
        "B.2",
        "a poll meets 401 for ever, though refreshing works",
        (SESSION, "a_queue_token_refused_twice_is_a_lost_session_without_a_second_refresh"),
    ),
    row(
        "B.2",
        "a poll: refused, refreshed, answered, in this order",
        (SESSION, "a_refused_queue_token_is_refreshed_and_the_poll_repeated"),
    ),
    row("B.2", "a poll meets 404 without a body", (SESSION, "a_queue_that_is_gone_is_a_session_that_is_gone")),
    row("B.2", "a poll is refused in plain text", (SESSION, "a_refusal_of_the_queue_is_told_in_its_words")),
    row(
        "B.2",
        "a capacity of 0 is told",
        (SESSION, "the_capacity_told_is_a_number_that_github_can_hold"),
        (SESSION, "a_refusal_of_the_queue_is_told_in_its_words"),
    ),
    row("B.2", "an acknowledgement", (SESSION, "a_message_is_deleted_or_was_gone_already")),
    row(
        "B.2",
        "an acknowledgement meets 401 for ever",
        (SESSION, "an_acknowledgement_refused_twice_is_a_lost_session"),
    ),
    row(
        "B.2",
        "an acknowledgement: refused, refreshed, done",
        (SESSION, "an_acknowledgement_is_repeated_after_a_refresh"),
    ),
    row(
        "B.2",
        "an acknowledgement is refused in plain text, or meets 503 for ever",
        (SESSION, "an_acknowledgement_answered_otherwise_is_an_error"),
        (SESSION, "an_acknowledgement_is_tried_five_times"),
    ),
    row(
        "B.2",
        "an acknowledgement is answered with 200 and null",
        (SESSION, "an_acknowledgement_answered_otherwise_is_an_error"),
    ),
    row("B.2", "jobs are acquired with the queue token", (SESSION, "jobs_are_acquired_with_the_queue_token")),
    row("B.2", "acquiring: refused, refreshed, done", (SESSION, "acquiring_is_repeated_after_a_refresh")),
    row("B.2", "acquiring meets 401 for ever", (SESSION, "acquiring_refused_twice_is_a_lost_session")),
    row("B.2", "acquiring meets 500 for ever", (SESSION, "acquiring_that_fails_for_good_may_have_acquired")),
    row(
        "B.2",
        "acquiring nothing",
        (SESSION, "nothing_to_acquire_asks_nothing"),
        ruled="DESIGN.md section 3, Bounded: a question with one answer is not asked",
    ),
)

#: B.3, errors, transport and configuration.
THE_WIRE: Final = (
    row("B.3", "an exception's text has its name", (ERRORS, "an_unknown_exception_is_told_with_all_its_details")),
    row(
        "B.3",
        "refusals of every form, and the exceptions that are known",
        (ERRORS, "whatever_the_form_of_a_refusal_its_text_is_told"),
        (ERRORS, "an_exception_is_known_by_its_name_whatever_the_status"),
        (ERRORS, "an_unknown_exception_is_told_with_all_its_details"),
    ),
    row("B.3", "a byte order mark, and no body", (DECODE, "a_byte_order_mark_changes_nothing")),
    row("B.3", "a proxy is gone through", (POOLS, "proxies_come_from_the_environment")),
    row(
        "B.3",
        "the user agent to the letter",
        (ADDRESSES, "the_user_agent_is_compact_json_with_its_keys_in_order"),
        (SESSION, "a_listener_says_for_which_scale_set"),
    ),
    row(
        "B.3",
        "a logger of the caller's",
        ruled="style.md section 2, Errors: adapters log nothing; errors carry what there is to tell, on_call the rest",
    ),
    row(
        "B.3",
        "a retry client of the caller's",
        (TRANSPORT, "a_server_that_stays_broken_is_asked_five_times_and_quoted"),
        ruled="DESIGN.md section 3, Bounded: one schedule, which is not for the caller to set",
    ),
    row(
        "B.3",
        "config URLs, and what is none",
        (CONFIG_URL, "a_config_url_says_whose_runners_and_where_the_api_is"),
        (CONFIG_URL, "a_url_of_nobody_is_refused"),
        (CONFIG_URL, "what_is_no_url_is_refused"),
    ),
)
