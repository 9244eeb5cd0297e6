"""The process that computes for one worker of the portal; its line is what it is given to read."""

from multiprocessing.connection import Connection
from traceback import format_exc

from django.db import connections

from headgate.site.apart import Answer, Question
from headgate.site.records.database import set_up

IDLE_SECONDS = 300
"""How long it waits for a question: what it holds is then given back."""


def serve(line: "Connection[Answer, Question]") -> None:
    """Answer until nobody asks any more, or nobody is there."""
    while line.poll(IDLE_SECONDS):
        try:
            function, told = line.recv()
        except EOFError:
            return
        try:
            answer: Answer = True, function(*told)
        except ValueError as error:
            answer = False, error
        except Exception as error:  # noqa: BLE001  Whoever asked says that it went wrong.
            error.add_note(format_exc())
            answer = False, error
        connections.close_all()
        try:
            line.send(answer)
        except OSError:
            return


if __name__ == "__main__":
    set_up()
    serve(Connection(0))
