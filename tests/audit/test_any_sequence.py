"""Any sequence of transitions, raw SQL, savepoints and rollbacks leaves exactly the history that
a model in Python predicts."""

from itertools import count

import pytest
from django.db import IntegrityError, connection
from django_fsm import TransitionNotAllowed
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from accounts.models import State, User, UserFSM
from audit.context import acting_as
from audit.transitions import arrows

ARROWS = {(start, end): name for start, end, name in arrows()}
TARGETS = {(start, name): end for start, end, name in arrows()}
serial = count()

users = st.integers(0, 2)
states = st.sampled_from(State.values)
actors = st.sampled_from(["", "ann", "ben"])
names = st.sampled_from(sorted(set(ARROWS.values())))


class History(RuleBasedStateMachine):
    """``states`` and ``lines`` are the model; ``savepoints`` are copies of it."""

    @initialize()
    def people(self):
        run = next(serial)
        self.users = User.objects.bulk_create(User(username=f"user{run}-{n}") for n in range(3))
        self.states: list[str | None] = [None] * 3
        self.lines: list[list[tuple]] = [[], [], []]
        self.savepoints: list[tuple] = []
        self.before: tuple | None = None

    # What is done to states

    @rule(user=users, state=states, actor=actors)
    def insert(self, user, state, actor):
        if self.states[user] is None:
            with acting_as(actor):
                UserFSM.objects.create(user=self.users[user], current_state=state)
            self.expect(user, state, actor)

    @rule(user=users, name=names, actor=actors)
    def transition(self, user, name, actor):
        if self.states[user] is None:
            return
        fsm = UserFSM.objects.get(user=self.users[user])
        target = TARGETS.get((self.states[user], name))
        if target is None:
            with pytest.raises(TransitionNotAllowed):
                getattr(fsm, name)()
            return
        with acting_as(actor):
            getattr(fsm, name)()
            fsm.save(update_fields=["current_state"])
        self.expect(user, target, actor)

    @rule(chosen=st.sets(users, min_size=1), state=states, actor=actors)
    def raw_update(self, chosen, state, actor):
        with acting_as(actor):
            self.execute(
                "update user_fsm set current_state = %s where user_id = any(%s)",
                [state, [self.users[user].pk for user in chosen]],
            )
        for user in chosen:
            if self.states[user] is not None:
                self.expect(user, state, actor)

    @rule(user=users, actor=actors)
    def delete(self, user, actor):
        with acting_as(actor):
            self.execute("delete from user_fsm where user_id = %s", [self.users[user].pk])
        self.expect(user, None, actor)

    @rule(user=users, actor=actors)
    def update_that_is_refused(self, user, actor):
        if self.states[user] is None:
            return
        with acting_as(actor), pytest.raises(IntegrityError, match="user_fsm_current_state_valid"):
            self.execute(
                "update user_fsm set current_state = 'nonsense' where user_id = %s",
                [self.users[user].pk],
            )
        if self.savepoints:
            self.rollback_to(0)
        elif self.before is not None:
            self.rollback()

    # Transactions

    @precondition(lambda self: self.before is None)
    @rule()
    def begin(self):
        self.execute("begin")
        self.before = self.copy()

    @precondition(lambda self: self.before is not None)
    @rule()
    def commit(self):
        self.execute("commit")
        self.before, self.savepoints = None, []

    @precondition(lambda self: self.before is not None)
    @rule()
    def rollback(self):
        self.execute("rollback")
        self.states, self.lines = self.before
        self.before, self.savepoints = None, []

    @precondition(lambda self: self.before is not None)
    @rule()
    def savepoint(self):
        self.execute(f"savepoint s{len(self.savepoints)}")
        self.savepoints.append(self.copy())

    @precondition(lambda self: self.savepoints)
    @rule(back=st.integers(0, 3))
    def rollback_to(self, back):
        place = max(0, len(self.savepoints) - 1 - back)
        self.execute(f"rollback to savepoint s{place}")
        del self.savepoints[place + 1 :]
        self.states, self.lines = self.savepoints[place]
        self.savepoints[place] = self.copy()

    @precondition(lambda self: self.savepoints)
    @rule(back=st.integers(0, 3))
    def release(self, back):
        place = max(0, len(self.savepoints) - 1 - back)
        self.execute(f"release savepoint s{place}")
        del self.savepoints[place:]

    # The comparison

    @invariant()
    def the_audit_is_what_the_model_predicts(self):
        for user, expected in zip(self.users, self.lines, strict=True):
            found = self.execute(
                "select username, start_state, end_state, initiated_by, transition"
                " from user_state_audit where user_id = %s order by id",
                [user.pk],
            )
            assert found == expected

    def teardown(self):
        if getattr(self, "before", None) is not None:
            self.execute("rollback")

    def expect(self, user, state, actor):
        was, self.states[user] = self.states[user], state
        if was != state:
            self.lines[user].append(
                (
                    self.users[user].username,
                    was or "new",
                    state or "deleted",
                    actor or "CLI",
                    ARROWS.get((was, state)),
                )
            )

    def copy(self) -> tuple:
        return list(self.states), [list(lines) for lines in self.lines]

    @staticmethod
    def execute(sql, params=None):
        with connection.cursor() as cursor:
            cursor.execute(sql, params)
            return cursor.fetchall() if cursor.description else None


def test_any_sequence_leaves_the_predicted_history(transactional_db):
    run_state_machine_as_test(
        History,
        settings=settings(
            max_examples=60,
            stateful_step_count=40,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
