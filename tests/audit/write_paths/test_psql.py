from tests.psql import psql
from tests.trail import entry


def test_psql_as_a_process_of_its_own_is_recorded_as_cli(alice, trail):
    psql("-c", "update user_fsm set current_state = 'locked'")

    assert trail.entries() == [
        entry(alice, "active", "locked", transition="lock", application_name="psql")
    ]


def test_a_file_that_psql_runs_is_recorded(alice, trail, tmp_path):
    file = tmp_path / "cleanup.sql"
    file.write_text("begin;\ndelete from user_fsm;\ncommit;\n")

    psql("-f", str(file))

    assert trail.entries() == [entry(alice, "active", "deleted", application_name="psql")]
