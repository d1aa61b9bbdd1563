"""Any sequence of transitions, raw SQL, savepoints and rollbacks leaves exactly the history that
a model in Python predicts."""

from itertools import count

import pytest
from django.db import IntegrityError, connection, transaction
from django_fsm import TransitionNotAllowed
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from accounts.models import State, User, UserFSM
from audit.context import acting_as
from audit.transitions import transitions

TRANSITIONS = {(start, end): name for start, end, name in transitions()}
TARGETS = {(start, name): end for start, end, name in transitions()}
serial = count()

users = st.integers(0, 2)
states = st.sampled_from(State.values)
actors = st.sampled_from(["ann", "ben", "ann", "ben", ""])
names = st.sampled_from(sorted(set(TRANSITIONS.values())))


class History(RuleBasedStateMachine):
    """``states`` and ``entries`` are the model; ``savepoints`` are copies of it."""

    @initialize()
    def people(self):
        run = next(serial)
        self.users = User.objects.bulk_create(User(username=f"user{run}-{n}") for n in range(3))
        self.states: list[str | None] = [None] * 3
        self.entries: list[list[tuple]] = [[], [], []]
        self.savepoints: list[tuple] = []
        self.before: tuple | None = None
        self.change("insert", {0}, None, "active", "")
        self.change("insert", {1}, None, "invited", "ann")

    # What is done to states: one rule, so that as much is done about transactions.

    @rule(
        how=st.sampled_from(["insert", "transition", "update", "update", "delete", "refused"]),
        chosen=st.sets(users, min_size=1),
        name=names,
        state=states,
        actor=actors,
    )
    def change(self, how, chosen, name, state, actor):
        user = min(chosen)
        with acting_as(actor):
            if how == "update":
                changed = self.update(chosen, state)
            elif how == "insert":
                changed = self.insert(user, state)
            elif self.states[user] is None:
                changed = {}
            elif how == "transition":
                changed = self.transition(user, name)
            elif how == "delete":
                self.execute("delete from user_fsm where user_id = %s", [self.users[user].pk])
                changed = {user: None}
            else:
                changed = self.refused(user)
        for each, new in changed.items():
            self.expect(each, new, actor)

    def insert(self, user, state) -> dict:
        if self.states[user] is not None:
            return {}
        UserFSM.objects.create(user=self.users[user], current_state=state)
        return {user: state}

    def transition(self, user, name) -> dict:
        fsm = UserFSM.objects.get(user=self.users[user])
        target = TARGETS.get((self.states[user], name))
        if target is None:
            with pytest.raises(TransitionNotAllowed):
                getattr(fsm, name)()
            return {}
        getattr(fsm, name)()
        fsm.save(update_fields=["current_state"])
        return {user: target}

    def update(self, chosen, state) -> dict:
        keys = [self.users[user].pk for user in chosen]
        sql = "update user_fsm set current_state = %s where user_id = any(%s)"
        self.execute(sql, [state, keys])
        return {user: state for user in chosen if self.states[user] is not None}

    def refused(self, user) -> dict:
        """An error, which aborts the transaction up to the last savepoint."""
        sql = "update user_fsm set current_state = 'nonsense' where user_id = %s"
        with pytest.raises(IntegrityError, match="user_fsm_current_state_valid"):
            self.execute(sql, [self.users[user].pk])
        if self.savepoints:
            self.rollback_to(len(self.savepoints) - 1)
        elif self.before is not None:
            self.rollback()
        return {}

    # Transactions

    @rule(
        how=st.sampled_from(["savepoint", "savepoint", "rollback to", "release", "end"]),
        by_hand=st.booleans(),
        back=st.integers(0, 2),
    )
    def transact(self, how, by_hand, back):
        if self.before is None:
            self.begin(by_hand)
        elif how == "savepoint":
            self.execute(f"savepoint s{len(self.savepoints)}")
            self.savepoints.append(self.copy())
        elif how == "end":
            self.rollback() if back == 0 else self.commit()
        elif self.savepoints:
            place = max(0, len(self.savepoints) - 1 - back)
            self.rollback_to(place) if how == "rollback to" else self.release(place)

    def begin(self, by_hand):
        if by_hand:
            self.execute("begin")
        else:
            transaction.set_autocommit(False)
        self.before = self.copy()

    def commit(self):
        self.end("commit")
        self.before = None

    def rollback(self):
        self.end("rollback")
        self.states, self.entries = self.before
        self.before = None

    def end(self, how):
        """As the transaction was begun: by hand, or by Django."""
        if transaction.get_autocommit():
            self.execute(how)
        else:
            {"commit": transaction.commit, "rollback": transaction.rollback}[how]()
            transaction.set_autocommit(True)
        self.savepoints = []

    def rollback_to(self, place):
        self.execute(f"rollback to savepoint s{place}")
        del self.savepoints[place + 1 :]
        self.states, self.entries = self.savepoints[place]
        self.savepoints[place] = self.copy()

    def release(self, place):
        self.execute(f"release savepoint s{place}")
        del self.savepoints[place:]

    # The comparison

    @invariant()
    def the_audit_is_what_the_model_predicts(self):
        """Between transactions: within one, our own look would be a statement of nobody's, and
        take back what was told before."""
        if self.before is not None:
            return
        for user, expected in zip(self.users, self.entries, strict=True):
            found = self.execute(
                "select username, start_state, end_state, initiated_by, transition"
                " from user_state_audit where user_id = %s order by id",
                [user.pk],
            )
            assert found == expected

    def teardown(self):
        if getattr(self, "before", None) is not None:
            self.commit()
            self.the_audit_is_what_the_model_predicts()

    def expect(self, user, state, actor):
        was, self.states[user] = self.states[user], state
        if was != state:
            self.entries[user].append(
                (
                    self.users[user].username,
                    was or "new",
                    state or "deleted",
                    actor or "CLI",
                    TRANSITIONS.get((was, state)),
                )
            )

    def copy(self) -> tuple:
        return list(self.states), [list(entries) for entries in self.entries]

    @staticmethod
    def execute(sql, params=None):
        with connection.cursor() as cursor:
            cursor.execute(sql, params)
            return cursor.fetchall() if cursor.description else None


@pytest.mark.parametrize("examples", [30, pytest.param(150, marks=pytest.mark.slow)])
def test_any_sequence_leaves_the_predicted_history(transactional_db, examples):
    run_state_machine_as_test(
        History,
        settings=settings(
            max_examples=examples,
            stateful_step_count=50,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
