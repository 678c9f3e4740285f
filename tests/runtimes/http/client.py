"""Requests to the app in this process, over ASGI."""

import asyncio
from typing import Any

import httpx
from fastapi import FastAPI


def send(app: FastAPI, method: str, path: str, **more: Any) -> httpx.Response:
    """One request and its response; what the app raises after it has answered is for a server's log."""

    async def once() -> httpx.Response:
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            return await client.request(method, path, **more)

    return asyncio.run(once())
