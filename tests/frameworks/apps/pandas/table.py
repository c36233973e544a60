# /// script
# requires-python = ">=3.9"
# dependencies = ["flask", "pandas", "numpy"]
# ///
import io

import numpy as np
import pandas as pd
from flask import Flask

app = Flask(__name__)


@app.get("/")
def index():
    frame = pd.read_csv(io.StringIO("region,sales\nnorth,3\nsouth,4\nnorth,5\n"))
    sums = frame.groupby("region").sales.sum()
    return f"north {sums['north']} and {np.linalg.det(np.eye(300)):.0f}"
