"""Animations: frame by frame into a small GIF, or through ffmpeg into an MP4."""

from __future__ import annotations

import io
import tempfile
from collections.abc import Callable
from os import PathLike, fspath
from pathlib import Path
from typing import Any

import numpy as np

from lamina import codec
from lamina.displays.figure import COLOURS
from lamina.plan import checks

N_GREYS, N_TINTS = 40, 6  # of a GIF's colours: the map's, and of each line's, down to white
LAST = 2000  # milliseconds that a GIF rests on its last frame before it starts anew


def checked(path: Any) -> Path:
    """Return where an animation goes, once it is known that it can be written there.

    ArgumentError for another ending than .gif and .mp4, and for an .mp4 without ffmpeg; OSError
    for a place where no file can be written.
    """
    if not isinstance(path, (str, PathLike)):
        raise checks.fail("path", "the name of a .gif or .mp4 file", path)
    file = Path(fspath(path))
    if file.suffix.lower() not in {".gif", ".mp4"}:
        raise checks.fail("path", "the name of a .gif or .mp4 file", str(path))
    if file.suffix.lower() == ".mp4":
        from matplotlib.animation import FFMpegWriter

        if not FFMpegWriter.isAvailable():
            raise checks.ArgumentError(
                "path names an .mp4, which needs the program ffmpeg, and it is not found: install "
                "it (apt install ffmpeg, brew install ffmpeg, winget install ffmpeg), or name a "
                f".gif, got {str(path)!r}"
            )
    codec.check_writable(file)
    return file


def made(
    figure: Any,
    draw: Callable[[int], Any],
    frames: list[int],
    file: Path | None,
    fps: float,
    dpi: float,
) -> Any:
    """Return the file with what `draw` shows for each of `frames`, or an animation without one."""
    import matplotlib.pyplot as plt
    from matplotlib.animation import FFMpegWriter, FuncAnimation

    figure.canvas.draw()
    figure.set_layout_engine("none")  # as it is now, so that nothing moves but the runners
    if file is None:
        animation = FuncAnimation(figure, draw, frames=frames, interval=1000 / fps)
        plt.close(figure)  # a notebook would show it beside the animation
        return animation
    try:
        if file.suffix.lower() == ".gif":
            codec.write_atomically(file, _gif(figure, draw, frames, fps, dpi))
        else:
            animation = FuncAnimation(figure, draw, frames=frames)
            with tempfile.TemporaryDirectory() as folder:
                whole = Path(folder) / "race.mp4"
                writer: Any = FFMpegWriter  # whose annotations know whole frame rates only
                animation.save(whole, writer=writer(fps=fps), dpi=dpi)
                codec.write_atomically(file, whole.read_bytes())
    finally:
        plt.close(figure)
    return file


def _gif(
    figure: Any, draw: Callable[[int], Any], frames: list[int], fps: float, dpi: float
) -> bytes:
    """Return a GIF whose frames share few colours, the lines' own among them.

    What stands still is drawn once, and each frame's lines onto a copy of it.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from PIL import Image

    canvas = FigureCanvasAgg(figure)
    figure.set_dpi(dpi)
    for artist in draw(frames[0]):
        artist.set_animated(True)
    canvas.draw()
    still, images = canvas.copy_from_bbox(figure.bbox), []
    for frame in frames:
        canvas.restore_region(still)
        for artist in draw(frame):
            artist.axes.draw_artist(artist)
        images.append(Image.fromarray(np.asarray(canvas.buffer_rgba())[..., :3].copy()))
    palette = Image.new("P", (1, 1))
    palette.putpalette(_colours())
    few = [image.quantize(palette=palette, dither=Image.Dither.NONE) for image in images]
    shown, whole = round(1000 / fps), io.BytesIO()
    few[0].save(
        whole,
        format="GIF",
        save_all=True,
        append_images=few[1:],
        duration=[*[shown] * (len(few) - 1), LAST],
        loop=0,
        optimize=False,
    )
    return whole.getvalue()


def _colours() -> list[int]:
    """Return a palette, red, green and blue in turn: greys, and the lines' colours in tints."""
    greys = [[round(255 * i / (N_GREYS - 1))] * 3 for i in range(N_GREYS)]
    tints = []
    for name in COLOURS:
        own = [int(name[i : i + 2], 16) for i in (1, 3, 5)]
        for i in range(N_TINTS):
            tints.append([round(c + (255 - c) * i / N_TINTS) for c in own])
    return [value for colour in greys + tints for value in colour]
