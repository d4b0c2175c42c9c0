"""`match` against brute force, and the work it takes as the queue grows."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from hypothesis import example, given
from hypothesis import strategies as st

from helpline.queue import Queue
from helpline.routing import Free, Match, Waiting, languages_needed, match, suits

EIGHT = datetime(2026, 1, 14, 20, 0, tzinfo=UTC)
LANGUAGES = ("en", "pl", "cy")
CHANNELS = ("web", "sms")

languages = st.lists(st.sampled_from(LANGUAGES), min_size=1, max_size=2, unique=True).map(tuple)
supporters_asked = st.frozensets(st.sampled_from([f"s{n}" for n in range(6)]), max_size=2)
waiting_ones = st.lists(
    st.tuples(
        st.sampled_from(CHANNELS),
        languages,
        st.integers(0, 2),
        st.integers(0, 3),
        supporters_asked,
        st.sampled_from(["", "s0", "s1"]),
        st.booleans(),
    ),
    max_size=6,
).map(
    lambda rows: [
        Waiting(
            f"c{n}", channel, spoken, urgency, EIGHT + timedelta(minutes=minute), not_to, prefers, prompted
        )
        for n, (channel, spoken, urgency, minute, not_to, prefers, prompted) in enumerate(rows)
    ]
)
free_ones = st.lists(
    st.tuples(
        st.lists(st.sampled_from(LANGUAGES), max_size=3, unique=True).map(tuple),
        st.sampled_from([("web",), ("sms",), ("web", "sms")]),
        st.integers(0, 2),
        st.integers(0, 3),
    ),
    max_size=6,
).map(
    lambda rows: [
        Free(f"s{n}", spoken, channels, slots, EIGHT - timedelta(minutes=idle))
        for n, (spoken, channels, slots, idle) in enumerate(rows)
    ]
)


def can_all_be_served(contacts: list[Waiting], frees: list[Free]) -> bool:
    """By trying every way."""

    @lru_cache(None)
    def from_(n: int, slots: tuple[int, ...]) -> bool:
        if n == len(contacts):
            return True
        return any(
            left and suits(contacts[n], free) and from_(n + 1, (*slots[:k], left - 1, *slots[k + 1 :]))
            for k, (free, left) in enumerate(zip(frees, slots, strict=True))
        )

    return from_(0, tuple(free.slots for free in frees))


def served_by_the_rule(waiting: list[Waiting], frees: list[Free]) -> list[str]:
    """Each is served unless that takes a supporter from an earlier one."""
    served: list[Waiting] = []
    for one in sorted(waiting, key=lambda one: one.place):
        if can_all_be_served([*served, one], frees):
            served.append(one)
    return sorted(one.contact for one in served)


@given(waiting_ones, free_ones)
def test_whoever_brute_force_would_serve_is_served_and_nobody_else(
    waiting: list[Waiting], frees: list[Free]
) -> None:
    assert sorted(pair.contact for pair in match(waiting, frees)) == served_by_the_rule(waiting, frees)


@given(waiting_ones, free_ones)
def test_nobody_is_offered_without_channel_language_or_slot_or_while_not_to_be_asked(
    waiting: list[Waiting], frees: list[Free]
) -> None:
    by_contact = {one.contact: one for one in waiting}
    by_supporter = {free.supporter: free for free in frees}
    pairs = match(waiting, frees)
    for pair in pairs:
        one, free = by_contact[pair.contact], by_supporter[pair.supporter]
        assert one.channel in free.channels
        assert set(one.languages) & set(free.languages)
        assert pair.supporter not in one.not_to
    assert len({pair.contact for pair in pairs}) == len(pairs)
    taken = Counter(pair.supporter for pair in pairs)
    assert all(count <= by_supporter[supporter].slots for supporter, count in taken.items())


def cost(one: Waiting, free: Free, needed: dict[str, int]) -> tuple[bool, int, int, datetime]:
    others = sum(needed.get(language, 0) for language in free.languages if language not in one.languages)
    return (one.prefers != free.supporter, others, len(free.languages), free.idle_since)


@given(waiting_ones, free_ones)
def test_nobody_is_spent_where_a_supporter_less_needed_has_room(
    waiting: list[Waiting], frees: list[Free]
) -> None:
    pairs = match(waiting, frees)
    needed = languages_needed(waiting)
    by_contact = {one.contact: one for one in waiting}
    by_supporter = {free.supporter: free for free in frees}
    taken = Counter(pair.supporter for pair in pairs)
    for pair in pairs:
        one = by_contact[pair.contact]
        chosen = cost(one, by_supporter[pair.supporter], needed)
        for free in frees:
            if taken[free.supporter] < free.slots and suits(one, free):
                assert chosen <= cost(one, free, needed)


@given(waiting_ones, free_ones, st.randoms(use_true_random=False))
def test_the_order_in_which_they_are_given_changes_nothing(
    waiting: list[Waiting], frees: list[Free], random: object
) -> None:
    mixed = list(waiting)
    random.shuffle(mixed)  # type: ignore[attr-defined]
    assert match(mixed, frees) == match(waiting, frees)


def caller(n: int, *spoken: str) -> Waiting:
    return Waiting(f"c{n}", "web", spoken, 2, EIGHT + timedelta(seconds=n))


def answerer(name: str, *spoken: str, idle: int = 0, slots: int = 1) -> Free:
    return Free(name, spoken, ("web",), slots, EIGHT - timedelta(minutes=idle))


def test_the_only_polish_speaker_is_kept_for_the_polish_caller_who_waits() -> None:
    frees = [answerer("ania", "pl", "en", idle=60), answerer("lou", "en", idle=1)]
    assert match([caller(1, "en")], frees) == [Match("c1", "lou")]
    assert match([caller(1, "en"), caller(2, "pl")], frees) == [Match("c1", "lou"), Match("c2", "ania")]
    assert match([caller(1, "en"), caller(2, "en"), caller(3, "pl")], frees) == [
        Match("c1", "lou"),
        Match("c2", "ania"),
    ]


def test_among_equals_the_one_with_fewest_languages_then_the_longest_idle() -> None:
    frees = [
        answerer("two", "en", "ur", idle=90),
        answerer("short", "en", idle=5),
        answerer("long", "en", idle=30),
    ]
    assert match([caller(1, "en"), caller(2, "en"), caller(3, "en")], frees) == [
        Match("c1", "long"),
        Match("c2", "short"),
        Match("c3", "two"),
    ]


def test_a_supporter_without_a_language_on_their_profile_matches_nobody() -> None:
    assert match([caller(1, "en")], [answerer("lou")]) == []


def test_a_whole_city_at_once_is_matched() -> None:
    waiting = [caller(n, "en") for n in range(3_000)]
    frees = [answerer(f"s{n}", "en", "pl" if n % 2 else "cy", slots=3) for n in range(500)]
    pairs = match(waiting, frees)
    assert [pair.contact for pair in pairs] == [one.contact for one in waiting[:1_500]]


# -- the queue -----------------------------------------------------------------------------------------------------


def queue_of(count: int) -> Queue:
    queue = Queue()
    for n in range(count):
        queue.put(caller(n, LANGUAGES[n % 3]))
    return queue


def touched(count: int) -> int:
    """Heads looked at when one of each language leaves, one comes, and supporters of every kind get a slot."""
    queue = queue_of(count)
    before = queue.touched
    for language in LANGUAGES:
        queue.put(caller(count, language))
        queue.remove(f"c{count}")
        for slots in (1, 2):
            queue.first_for(answerer("ania", language, "en", slots=slots))
    return queue.touched - before


def test_the_heads_touched_per_change_stay_flat_from_ten_to_a_thousand_waiting() -> None:
    assert touched(1_000) == touched(100) == touched(10)


@given(waiting_ones, free_ones)
@example([], [])
def test_what_the_queue_puts_forward_for_one_supporter_is_who_they_would_get(
    waiting: list[Waiting], frees: list[Free]
) -> None:
    queue = Queue()
    for one in waiting:
        queue.put(one)
    for free in frees:
        if free.slots:
            whole = [pair.contact for pair in match(waiting, [free], queue.needed)]
            first = [pair.contact for pair in match(queue.first_for(free), [free], queue.needed)]
            assert first == whole


@given(waiting_ones)
def test_the_place_in_the_queue_counts_those_before_in_the_same_line(waiting: list[Waiting]) -> None:
    """The place people are told leaves out what a prompt changed; staff are told the order of service."""
    queue = Queue()
    for one in waiting:
        queue.put(one)
    for one in waiting:
        for place, asked in (("shown_place", queue.position), ("place", queue.turn)):
            ahead = [
                sum(
                    getattr(other, place) < getattr(one, place)
                    for other in waiting
                    if other.channel == one.channel and language in other.languages
                )
                for language in one.languages
            ]
            assert asked(one) == min(ahead) + 1
    for one in waiting:
        queue.remove(one.contact)
    assert (len(queue), set(queue.needed.values()) <= {0}) == (0, True)


@given(waiting_ones)
def test_not_safe_comes_first_then_a_phrase_then_who_was_let_go_and_nothing_else_counts(
    waiting: list[Waiting],
) -> None:
    in_order = sorted(waiting, key=lambda one: one.place)
    words = [
        "not safe" if one.urgency == 0 else "phrase" if one.prompted else one.urgency for one in in_order
    ]
    assert [word for kind in ("not safe", "phrase", 1, 2) for word in words if word == kind] == words
    for kind in ("not safe", "phrase", 1, 2):
        alike = [one.since for one, word in zip(in_order, words, strict=True) if word == kind]
        assert alike == sorted(alike)
