"""The arbiter of bots among bots beside a model: events in any order, kills, clocks that jump."""

import copy
from datetime import timedelta

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from multibot.conversation.ruling import How, Outcome
from multibot.home import Home
from multibot.store import chains
from multibot.store.chains import Opening
from tests.faults import book
from tests.store import chain_model as by_book
from tests.store.chain_book import Post
from tests.store.chain_stage import ChainStage
from tests.store.direct import done
from tests.store.material import START, message

INDEX = st.integers(min_value=0, max_value=2)


class Talking(ChainStage, RuleBasedStateMachine):
    """Everything that can happen, in any order."""

    is_begun = False

    @initialize(delay=st.sampled_from([0, 0, 5]))
    def begin(self, delay: int) -> None:
        self.set_up(delay)
        self.is_begun = True

    def teardown(self) -> None:
        if self.is_begun:
            self.take_down()

    # Discord and time

    @rule(seconds=st.sampled_from([1, 4, 5, 6, 29, 30, 59, 60, 61, 300, 599, 600, 601, 3600]))
    def time_passes(self, seconds: int) -> None:
        self.clock.tick(seconds)

    @rule(seconds=st.sampled_from([-7200, -601, -60, -5, -1, 1, 60, 700, 7200]))
    def the_clock_jumps(self, seconds: int) -> None:
        self.clock.set_wall(self.clock.now() + timedelta(seconds=seconds))

    @rule()
    def a_person_writes(self) -> None:
        self.post(Post(next(self.numbers)))

    @precondition(lambda self: self.may_answer)
    @rule(
        index=INDEX,
        to=st.sampled_from([(), (0,), (1,), (2,), (0, 1, 2), (0, 1, 2)]),
        how=st.sampled_from(How),
    )
    def a_bot_answers_a_person(self, index: int, to: tuple[int, ...], how: How) -> None:
        """It may speak to another bot by the way; people are always answered."""
        bot = self.bots[index]
        number = next(self.numbers)
        to_bots = tuple(self.bots[each] for each in to if each != index)
        post = Post(number, bot, to_bots, how, (bot, str(number)))
        self.post(post)
        self.record(post)

    # What bots do

    @precondition(lambda self: any(self.events.values()))
    @rule(index=INDEX)
    def a_bot_sees_the_next_event(self, index: int) -> None:
        bot = self.one_of(index, self.events)
        post = self.events[bot].popleft()
        if not post.author:
            said = message(message_id=str(post.number), channel_id=self.channel)
            done(self.chains[bot].person_spoke(said, self.limits))
            self.model.person_spoke(post.number, self.now)
        else:
            self.meet(bot, post, 0.0 if post.number % 3 else 0.9)

    @rule(rounds=st.integers(min_value=1, max_value=4))
    def the_talk_goes_on(self, rounds: int) -> None:
        """Everybody sees everything, waits as told, and sends what it may, as on a good day."""
        for _ in range(rounds):
            while any(self.events.values()):
                self.a_bot_sees_the_next_event(0)
            self.clock.tick(self.book.delay)
            while any(self.waiting.values()):
                self.a_bot_asks_again_for_what_waits(0)
            while any(self.holding.values()):
                if self.has_put_off:
                    self.clock.tick(self.book.delay)
                self.a_bot_sends_its_answer(0, "at once")

    @rule(index=INDEX)
    def a_bot_sees_an_event_again(self, index: int) -> None:
        bot = self.bots[index]
        seen = [each for each in self.posts if each not in self.events[bot]]
        others = [each for each in seen if each.author not in {"", bot}]
        if others:
            assert self.ask(bot, others[-1], 0.0, again=False) is None

    @precondition(lambda self: any(self.waiting.values()))
    @rule(index=INDEX)
    def a_bot_asks_again_for_what_waits(self, index: int) -> None:
        bot = self.one_of(index, self.waiting)
        self.meet(bot, self.waiting[bot].pop(0), 0.0, again="retry")

    @precondition(lambda self: any(self.lost.values()))
    @rule(index=INDEX)
    def a_bot_asks_for_what_another_has(self, index: int) -> None:
        bot = self.one_of(index, self.lost)
        self.meet(bot, self.lost[bot].pop(0), 0.0, again="takeover")

    @precondition(lambda self: any(self.holding.values()))
    @rule(index=INDEX)
    def a_bot_is_killed_and_goes_on(self, index: int) -> None:
        bot = self.one_of(index, self.holding)
        held, self.holding[bot] = self.holding[bot], []
        for post, _, _ in held:
            self.meet(bot, post, 0.9, again="resume")

    @precondition(lambda self: any(self.holding.values()) and any(self.lost.values()))
    @rule(is_dead=st.booleans())
    def holders_are_slow_or_dead(self, is_dead: bool) -> None:  # noqa: FBT001
        """Their leases lapse, and others take over."""
        if is_dead:
            self.holding.clear()
        self.clock.tick(by_book.LEASE)
        for bot in self.bots:
            lost, self.lost[bot] = self.lost[bot], []
            for post in lost:
                self.meet(bot, post, 0.0, again="takeover")

    @precondition(lambda self: any(self.holding.values()))
    @rule(index=INDEX)
    def a_bot_is_killed_for_good(self, index: int) -> None:
        self.holding[self.one_of(index, self.holding)] = []

    @precondition(lambda self: any(self.holding.values()))
    @rule(index=INDEX, pace=st.sampled_from(["at once", "unnoted", "slow"]))
    def a_bot_sends_its_answer(self, index: int, pace: str) -> None:
        bot = self.one_of(index, self.holding)
        post = self.may_send(bot, *self.holding[bot].pop(0))
        if post is None:
            return
        assert post.number not in self.answered
        self.answered.append(post.number)
        self.settle(bot, post)
        if pace == "slow":
            self.slow.append((bot, post))
        else:
            self.stands(bot, post, at_once=pace == "at once")

    @precondition(lambda self: self.slow)
    @rule(index=INDEX)
    def what_was_slow_sets_out(self, index: int) -> None:
        bot, post = self.slow.pop(index % len(self.slow))
        turn = str(post.number)
        asked = done(self.chains[bot].may_leave(self.place, turn, self.limits))
        self.model.tell_time(self.now)
        assert asked.reason == self.model.leaving((bot, turn), self.now)
        if asked.outcome is Outcome.ANSWER:
            self.flying.append((bot, post))
            return
        done(self.chains[bot].withdraw(self.place, turn, self.limits))
        self.model.withdraw((bot, turn))

    @precondition(lambda self: self.flying)
    @rule(index=INDEX, at_once=st.booleans())
    def what_was_sent_arrives(self, index: int, at_once: bool) -> None:  # noqa: FBT001
        bot, post = self.flying.pop(index % len(self.flying))
        # What takes longer than anything can is lost.
        if (bot, str(post.number)) in self.model.turns:
            self.stands(bot, post, at_once=at_once)

    @precondition(lambda self: self.slow or self.flying)
    @rule()
    def what_is_on_its_way_is_lost(self) -> None:
        self.slow.clear()
        self.flying.clear()

    @precondition(lambda self: any(self.holding.values()))
    @rule(index=INDEX)
    def a_bot_gives_its_answer_up(self, index: int) -> None:
        bot = self.one_of(index, self.holding)
        held = self.holding[bot].pop(0)
        post = self.may_send(bot, *held)
        name = (bot, str(held[0].number))
        done(self.chains[bot].withdraw(self.place, name[1], self.limits))
        if post is not None:
            self.model.withdraw(name)
            self.settle(bot, post)

    @rule(index=INDEX, other=INDEX, is_sent=st.booleans())
    def a_bot_begins_a_conversation(self, index: int, other: int, is_sent: bool) -> None:  # noqa: FBT001
        if index == other:
            return
        bot, partner = self.bots[index], self.bots[other]
        turn = f"opener:{next(self.numbers)}"
        opening = Opening(place=self.place, turn=turn, partner=partner)
        asked = done(self.chains[bot].open(opening, self.limits))
        self.model.tell_time(self.now)
        assert asked.reason == self.book.opening(bot, partner, self.now)
        if asked.outcome is not Outcome.ANSWER:
            return
        self.model.open((bot, turn), self.now)
        self.book.pairs[frozenset({bot, partner})] = self.now
        if is_sent:
            post = Post(next(self.numbers), bot, (partner,), How.MENTION, (bot, turn))
            self.post(post)
            self.record(post)
        else:
            done(self.chains[bot].withdraw(self.place, turn, self.limits))
            self.model.withdraw((bot, turn))
            del self.book.pairs[frozenset({bot, partner})]

    @precondition(lambda self: self.unsaid)
    @rule(index=INDEX)
    def a_sender_notes_what_it_sent(self, index: int) -> None:
        self.record(self.unsaid.pop(index % len(self.unsaid)))

    @rule()
    def the_housekeeper_cleans(self) -> None:
        self.book.clean(self.now)
        done(
            self.writer.run(
                lambda writing: chains.clean(writing, self.limits, now=self.clock.now())
            )
        )

    # What must hold

    @precondition(lambda self: self.is_begun)
    @invariant()
    def the_file_says_what_the_book_says(self) -> None:
        found = self.chains[self.bots[0]].exchange(self.channel, self.limits)
        model = copy.deepcopy(self.model)
        model.tell_time(self.now)
        cool = found.cooldown and (found.cooldown.expires_at - START).total_seconds()
        assert (cool, found.message_count, found.pending, found.bot_turns) == (
            model.cool_until,
            len(model.chain),
            len(model.chain) - len(model.said()),
            len(model.row),
        )
        assert found.last_bot == model.last_bot
        assert found.is_opened == model.is_opened
        assert found.message_count <= by_book.MAX_CHAIN

    @precondition(lambda self: self.is_begun)
    @invariant()
    def bots_never_speak_too_often_in_a_row(self) -> None:
        longest = longest_now = 0
        for post in self.posts:
            longest_now = longest_now + 1 if post.author else 0
            longest = max(longest, longest_now)
        assert longest <= by_book.MAX_ROW


@pytest.fixture
def machine(home: Home) -> type[Talking]:
    class Here(Talking):
        pass

    Here.home = home
    return Here


@pytest.mark.slow
def test_the_arbiter_does_what_the_book_says(machine: type[Talking]) -> None:
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=book.times(1000, 30),
            stateful_step_count=60,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
