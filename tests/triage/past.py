"""Past texts for tests of this room, without tickets."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from apps.triage.services.score import ScoreFacts
from apps.triage.sources import Past, Waiting

BEGAN = datetime(2026, 5, 4, 2, 0, tzinfo=UTC)


def past(number, text, category, *, by_person=True, at=None):
    at = at or BEGAN + timedelta(minutes=number)
    return Past(UUID(int=number), f"202605-{number:03d}", f"/t/{number}", text, category, by_person, at)


class FakeSource:
    """What a room with tickets would tell; `texts` in the order they came."""

    def __init__(self, texts=(), waiting=()):
        self.texts, self.open = list(texts), list(waiting)

    def decided(self, *, actor, limit):
        newest_first = sorted(self.texts, key=lambda p: (not p.by_person, -p.id.int))
        return iter(newest_first[:limit])

    def between(self, since, until, *, actor):
        return len(self._of(since, until))

    def batch(self, since, until, after, *, actor, limit):
        return [p for p in self._of(since, until) if not after or str(p.id) > after][:limit]

    def waiting(self, *, actor, limit):
        return self.open[:limit]

    def _of(self, since, until):
        return [p for p in self.texts if since <= p.at < until]


def waiting(name, due, **facts):
    """An open ticket that is due at a time; each point brings it forward by a minute."""
    return Waiting(
        name, f"/t/{name}", f"标题 {name}", ScoreFacts(**facts), lambda score: due - timedelta(minutes=score)
    )


# Words that the shipped library does not know, so that only what was learned can tell them apart.
_ENGINE = ("星舰跃迁引擎抖个不停", "跃迁引擎总是半路熄掉", "跃迁引擎一启动就乱抖", "这台跃迁引擎抖得人心慌")
_BADGE = ("蓝晶徽章兑换对不上数", "兑换蓝晶徽章时数目对不上", "蓝晶徽章少兑了两枚", "徽章兑换的数目怎么都对不上")


def made_up_decisions(count=80, start=1):
    """Half of them about engines, which people called technical, half about badges, which they called billing."""
    found = []
    for i in range(count):
        words, category = ((_ENGINE, "technical"), (_BADGE, "billing"))[i % 2]
        found.append(past(start + i, f"{words[i // 2 % 4]}，编号{i}。", category))
    return found
