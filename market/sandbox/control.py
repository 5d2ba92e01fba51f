"""The sandbox's own pages: what it is, faults, clock and calls. From this machine only."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from datetime import datetime
from html import escape
from typing import Any

import orjson

from market import clock
from market.sandbox import telegram_control
from market.sandbox.http import HTML, Request, Response, json_response
from market.sandbox.scenarios import SCENARIOS
from market.sandbox.telegram_rules import TOKEN as TELEGRAM_TOKEN
from market.sandbox.upstreams import Upstreams

PREFIX = "/_control"

_Action = Callable[[Upstreams, dict[str, Any]], Any]


class _BadRequest(ValueError):
    """The body does not say what to do; the text says why."""


def control(sandbox: Upstreams, request: Request) -> Response:
    """Answer a request below ``/_control``."""
    if not is_local(request.client):
        return json_response({"error": "only from this machine"}, 403)
    action = _ACTIONS.get((request.method, request.path))
    if action is None:
        return json_response({"error": "no such control"}, 404)
    try:
        return json_response(action(sandbox, {**request.params, **_body(request)}))
    except KeyError as e:
        return json_response({"error": f"give {e.args[0]}"}, 400)
    except (_BadRequest, ValueError, TypeError) as e:
        return json_response({"error": str(e)}, 400)


def is_local(client: str) -> bool:
    try:
        return ipaddress.ip_address(client).is_loopback
    except ValueError:
        return False


def root_page(sandbox: Upstreams) -> Response:
    """Say in a few lines what this server is and what it is doing."""
    faults = [
        f"{fault.provider} {fault.path or '(every path)'}: {fault.kind.value} "
        f"{dict(fault.parameters) or ''}"
        + ("" if fault.times_left is None else f" ({fault.times_left} more)")
        for fault in sandbox.active_faults()
    ] or ["none"]
    bases = "".join(
        f"<li><code>{prefix}</code> {name}</li>" for name, prefix in sandbox.prefixes.items()
    )
    keys = "".join(
        f"<li>{name}: <code>{'</code>, <code>'.join(accepted)}</code></li>"
        for name, accepted in sandbox.example_keys.items()
    )
    items = "".join(f"<li>{escape(fault)}</li>" for fault in faults)
    page = f"""<!doctype html><html lang="en"><head><meta charset="utf-8">
<title>Sandbox</title></head><body>
<h1>Sandbox: a stand-in for every upstream</h1>
<p>Nothing here is a real market. Behind it: {escape(sandbox.source.description)}.</p>
<p>Market time: {clock.now().isoformat(timespec="seconds")}. Latency: {sandbox.latency_ms} ms.
Calls so far: {sandbox.calls()}, of them over a limit: {len(sandbox.violations)}.</p>
<h2>Base URLs</h2><ul>{bases}</ul>
<h2>Keys that paid vendors accept</h2><ul>{keys}</ul>
<p>Anything may follow a key to tell several apart; one that ends in <code>-revoked</code> is
refused. Telegram's bot token: <code>{TELEGRAM_TOKEN}</code></p>
<h2>Faults in force</h2><ul>{items}</ul>
<p>Control: <code>GET|POST {PREFIX}/faults</code>, <code>POST {PREFIX}/clock</code>,
<code>POST {PREFIX}/settings</code>, <code>GET {PREFIX}/calls</code>,
<code>POST {PREFIX}/reset</code>. Telegram: <code>GET {PREFIX}/telegram</code>,
<code>GET {PREFIX}/telegram/messages?chat_id=1</code>,
<code>POST {PREFIX}/telegram/say|press|block|unblock|update</code>.
Scenarios: {", ".join(SCENARIOS)}.</p></body></html>"""
    return Response(page.encode(), 200, HTML)


def _list_faults(sandbox: Upstreams, _body: dict[str, Any]) -> Any:
    return {
        "faults": [fault.describe() for fault in sandbox.active_faults()],
        "scenarios": list(SCENARIOS),
    }


def _change_faults(sandbox: Upstreams, body: dict[str, Any]) -> Any:
    """Set one fault, apply a ``scenario``, or ``clear`` (all, a ``provider``'s, or one ``id``)."""
    if body.get("clear"):
        sandbox.clear_faults(body.get("provider"), body.get("id"))
    elif "scenario" in body:
        if body["scenario"] not in SCENARIOS:
            raise _BadRequest(f"unknown scenario {body['scenario']!r}")
        sandbox.scenario(body["scenario"])
    elif "provider" in body and "kind" in body:
        sandbox.fault(
            body["provider"],
            body["kind"],
            path=body.get("path", ""),
            times=body.get("times"),
            **body.get("parameters", {}),
        )
    else:
        raise _BadRequest("give provider and kind, or scenario, or clear")
    return _list_faults(sandbox, body)


def _change_clock(sandbox: Upstreams, body: dict[str, Any]) -> Any:
    """Hold the clock ``at`` an ISO instant or epoch milliseconds; null lets it run."""
    if "at" not in body:
        raise _BadRequest("give at: an ISO instant with offset, epoch milliseconds, or null")
    at = body["at"]
    if isinstance(at, str):
        moment = datetime.fromisoformat(at)
        if moment.tzinfo is None:
            raise _BadRequest("at needs an offset, like 2025-10-11T00:05:00Z")
        at = round(moment.timestamp() * 1000)
    sandbox.set_clock(None if at is None else int(at))
    return {"now_ms": clock.now_ms()}


def _change_settings(sandbox: Upstreams, body: dict[str, Any]) -> Any:
    """Set ``latency_ms``, ``limit_scale`` and the providers that answer as ``documented``."""
    if "latency_ms" in body:
        sandbox.latency_ms = int(body["latency_ms"])
    if "limit_scale" in body:
        sandbox.limit_scale = float(body["limit_scale"])
    if "documented" in body:
        sandbox.documented = list(body["documented"])
    return {
        "latency_ms": sandbox.latency_ms,
        "limit_scale": sandbox.limit_scale,
        "documented": sandbox.documented,
    }


def _calls(sandbox: Upstreams, _body: dict[str, Any]) -> Any:
    return sandbox.call_summary()


def _reset(sandbox: Upstreams, _body: dict[str, Any]) -> Any:
    sandbox.reset()
    return {"ok": True}


def _of_telegram(action: telegram_control.Action) -> _Action:
    return lambda sandbox, body: action(sandbox.telegram, body)


_ACTIONS: dict[tuple[str, str], _Action] = {
    ("GET", "/faults"): _list_faults,
    ("POST", "/faults"): _change_faults,
    ("POST", "/clock"): _change_clock,
    ("POST", "/settings"): _change_settings,
    ("GET", "/calls"): _calls,
    ("POST", "/reset"): _reset,
    **{route: _of_telegram(action) for route, action in telegram_control.ACTIONS.items()},
}


def _body(request: Request) -> dict[str, Any]:
    if not request.body:
        return {}
    try:
        body = orjson.loads(request.body)
    except orjson.JSONDecodeError:
        raise _BadRequest("the body is not JSON") from None
    if not isinstance(body, dict):
        raise _BadRequest("the body is not an object")
    return body
