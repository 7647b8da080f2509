"""A FastAPI service with the same contract that writes and fsyncs a file per request: the yardstick of `store-http`."""
import json
import os
import uuid

from fastapi import FastAPI
from pydantic import BaseModel

ROOT = os.environ["PEER_ROOT"]
app = FastAPI()


class Ask(BaseModel):
    user_id: str
    surface_id: str
    message: str
    conversation_id: str | None = None


@app.post("/api/maestra/core")
def ask(body: Ask):
    reply = "Maestra test reply."
    conversation = body.conversation_id or f"conv_{uuid.uuid4().hex}"
    path = os.path.join(ROOT, f"{uuid.uuid4().hex}.json")
    with open(path, "w", encoding="utf-8") as file:
        json.dump({"conversation_id": conversation, "question": body.dict(), "reply": reply}, file)
        file.flush()
        os.fsync(file.fileno())
    return {
        "reply": reply, "mode": "advisor", "conversation_id": conversation, "source": "local", "version": "2.0.0",
        "artifacts": [], "actions": [], "meta": {"latency_ms": 0, "model": "test", "tokens": 0, "cost_usd": 0.0},
    }
