"""An API of stock, with documentation at /docs."""

from fastapi import FastAPI, HTTPException
from pydantic import BaseModel

app = FastAPI(title="Stock")
STOCK = {"apples": 3, "pears": 5}


class Change(BaseModel):
    """How many more, or less, are there of something."""

    by: int


@app.get("/stock")
async def stock() -> dict[str, int]:
    return STOCK


@app.post("/stock/{name}")
async def change(name: str, change: Change) -> dict[str, int]:
    if name not in STOCK:
        raise HTTPException(404, f"{name} is not kept")
    STOCK[name] += change.by
    return {name: STOCK[name]}
