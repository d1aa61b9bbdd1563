"""The statement that erases parts of an entry as it is allowed, or nearly so."""

SUBJECT = {
    "username": "'erased'",
    "reason": "null",
    "subject_salt": "null",
    "subject_digest": "sha256(decode('02', 'hex') || subject_salt || convert_to("
    "array_to_json(array[username, reason])::text, 'UTF8'))",
}
ACTOR = {
    "initiated_by": "'erased'",
    "initiator_id": "null",
    "impersonator": "null",
    "ip_address": "'erased'",
    "request_id": "null",
    "db_user": "'erased'",
    "application_name": "null",
    "client_addr": "null",
    "actor_salt": "null",
    "actor_digest": "sha256(decode('03', 'hex') || actor_salt || convert_to("
    "array_to_json(array[initiated_by, initiator_id::text, impersonator, ip_address, request_id,"
    " db_user, application_name, client_addr::text])::text, 'UTF8'))",
}

# What leaves a part of an entry neither whole nor properly erased.
IMPROPER = [
    "subject_salt = null",
    "actor_salt = null",
    "subject_salt = substr(subject_salt, 2)",
    "actor_salt = actor_salt || decode('00', 'hex')",
    "subject_salt = null, subject_digest = sha256('')",  # and its columns say who it was
    "actor_salt = null, actor_digest = sha256(''), initiated_by = 'erased'",
    "subject_salt = null, username = 'erased', reason = null, subject_digest = 'abc'",
]


def erasing(entry: int, *parts: dict[str, str], **instead: str) -> str:
    """``instead`` are columns that become something else."""
    columns = {column: value for part in parts for column, value in part.items()} | instead
    changes = ", ".join(f"{column} = {value}" for column, value in columns.items())
    return f"update user_state_audit set {changes} where id = {entry}"
