"""The process that replays for one worker of the portal; its line is what it is given to read."""

from multiprocessing.connection import Connection

from headgate.site.portal.replaying.replays import serve

if __name__ == "__main__":
    serve(Connection(0))
