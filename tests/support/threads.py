"""Work for threads, done where it is asked for."""


async def at_once(work):
    return work()
