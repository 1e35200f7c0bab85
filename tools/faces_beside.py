"""Draws faces of several snapshots into one picture, two rows each, from the first to the last.

    python tools/faces_beside.py demo/faces.png demo/run gan/house_team

All draw from the same noise.
"""

import os
import sys

sys.path[0] = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

import numpy as np

from gan import api
from gan.console.errors import UserError

COLUMNS, ROWS, ZOOM = 15, 2, 2


def main(path: str, *snapshots: str) -> None:
    """Writes the picture."""
    noise, drawn = api.draw_noise(ROWS * COLUMNS, seed=1), []
    with api.Sandbox() as sandbox:
        for where in snapshots:
            with api.open_snapshot(where, sandbox=sandbox) as snapshot:
                drawn.append(snapshot.generate(noise))
    api.write_picture(path, np.concatenate(drawn), columns=COLUMNS, zoom=ZOOM)


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    try:
        main(*sys.argv[1:])
    except UserError as error:
        sys.exit(f"faces_beside: {error}")
