"""The API, version 1: what the page and others are told, by address. openapi.json describes it."""

import pathlib
from collections.abc import Callable
from typing import Any

from gan.console.errors import StateError
from gan.screen.board import Board, as_json
from gan.screen.show import Show

ROOT = "/api/v1"
STREAM = f"{ROOT}/stream"
DESCRIPTION = pathlib.Path(__file__).parent / "openapi.json"
_UNBUFFERED = {"X-Accel-Buffering": "no"}  # so that nginx passes each event on at once
_MISSING = "there is no such thing, or it has not been shown yet"

# Address -> the answer of a Show to (what the address names, now); None if there is no such thing.
_Question = Callable[[Show, Any, float], Any]
QUESTIONS: dict[str, _Question] = {
    "/events": lambda showing, _, now: showing.events(now),
    "/events/{id:id}": lambda showing, id_, now: showing.state_of(id_, now),
    "/matches/{id:id}": lambda showing, id_, now: showing.match(id_, now),
    "/half_rounds/{id:id}": lambda showing, id_, now: showing.half_round(id_, now),
    "/ratings": lambda showing, _, now: showing.ratings(now),
    "/teams": lambda showing, _, now: showing.team_names(now),
    "/teams/{id:path}": lambda showing, name, now: showing.team(name, now),
}
_REPLAY = "/matches/{id:id}/replay"
_LISTS = "/events", "/ratings", "/teams"  # are empty before the arena has begun


def answer(content: Any) -> Any:
    """A response with a value as JSON; of None, that there is no such thing."""
    from starlette.responses import Response

    if content is None:
        return Response(_MISSING, 404, media_type="text/plain")
    return Response(as_json(content), media_type="application/json")


def routes(board: Board) -> list[Any]:
    """The routes of the API, without its root."""
    from starlette.convertors import IntegerConvertor, register_url_convertor
    from starlette.requests import Request
    from starlette.responses import FileResponse, Response, StreamingResponse
    from starlette.routing import Route

    class Id(IntegerConvertor):
        """A number that the store can have."""

        regex = "[0-9]{1,15}"

    register_url_convertor("id", Id())

    def route(path: str, question: _Question, headers: Callable[[Any], dict[str, str]] = lambda _: {}) -> Route:
        async def endpoint(request: Request) -> Any:
            named = request.path_params.get("id")
            try:
                found = board.ask(lambda showing, now: question(showing, named, now))
            except StateError:  # the board has told the organiser
                return Response("the store can't be read now", 503, media_type="text/plain")
            response = answer([] if found is None and path in _LISTS else found)
            if found is not None:
                response.headers.update(headers(named))
            return response

        return Route(path, endpoint)

    async def now(request: Request) -> Any:
        return answer(board.current())

    async def stream(request: Request) -> Response:
        if request.method == "HEAD":  # the answer has a head only, so it must end
            return Response(media_type="text/event-stream", headers=_UNBUFFERED)
        return StreamingResponse(board.news(), media_type="text/event-stream", headers=_UNBUFFERED)

    async def description(request: Request) -> FileResponse:
        return FileResponse(DESCRIPTION, media_type="application/json")

    def as_file(match: int) -> dict[str, str]:
        return {"Content-Disposition": f'attachment; filename="match_{match}.json"'}

    return [
        Route("/now", now),
        Route("/stream", stream),
        Route("/openapi.json", description),
        route(_REPLAY, lambda showing, id_, now: showing.replay(id_, now), as_file),
        *(route(path, question) for path, question in QUESTIONS.items()),
    ]
