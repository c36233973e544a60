"""Users in memory."""

from msgspec.structs import replace
from zope.interface import implementer

from clace.identity.users import Users
from clace.identity.users.directory import UserSurroundings
from clace.interfaces import IUserRows


@implementer(IUserRows)
class MemoryUserRows:
    def __init__(self):
        self._users = {}
        self._links = {}

    def all(self):
        return tuple(user for _, user in sorted(self._users.items()))

    def change(self, name, change, link=None):
        before = self._users.get(name)
        changed = change(before)
        if before is not None:
            changed = replace(changed, create_time=before.create_time)
            if link is not None or changed.password != before.password:
                self._drop_links(name)
        self._users[name] = changed
        if link is not None:
            self._links[link.digest] = link
        return changed

    def delete(self, name):
        self._drop_links(name)
        return self._users.pop(name, None) is not None

    def link(self, digest, now):
        link = self._links.get(digest)
        return link if link and link.until > now else None

    def use_link(self, digest, now, password):
        link = self.link(digest, now)
        if link is None:
            return None
        used = lambda user: replace(user, password=password, update_time=now)  # noqa: E731
        changed = self.change(link.name, used)
        self._drop_links(link.name)
        return changed

    def _drop_links(self, name):
        self._links = {key: link for key, link in self._links.items() if link.name != name}


async def at_once(work):
    return work()


def memory_users(clock, static=(), rows=None):
    """Users over rows in memory, with tokens that count."""
    numbers = iter(range(1, 1000))
    around = UserSurroundings(
        at_once, at_once, clock.seconds, lambda _size: f"token{next(numbers)}"
    )
    users = Users({each.name: each for each in static}, rows or MemoryUserRows(), around)
    users.load()
    return users
