"""Pictures are decoded and written anew, so nothing but what can be seen is kept: no EXIF, no GPS, no hidden payload."""

from io import BytesIO
from typing import IO

from PIL import Image, ImageOps

# Pixels of all frames together. 50 million decode to some 200 MB of memory; phones take pictures of 48 million.
MAX_PIXELS = 50_000_000
# A JPEG above the limit is decoded at a half, quarter or eighth of its size, but at least this many pixels wide and high.
REDUCED_SIDE = 5_000
_FORMATS = ("JPEG", "PNG", "WEBP", "GIF")
Image.init()  # `formats` names only decoders that are loaded, and WebP is not by itself


class Broken(ValueError):
    """Not a picture of an accepted kind, or damaged."""


class TooManyPixels(ValueError):
    """More pixels than may be decoded (a decompression bomb, or a very large scan)."""


def rewrite(source: IO[bytes]) -> tuple[bytes, str]:
    """The picture as a fresh file and its kind: `jpeg`, `png`, `webp` or `gif`. Orientation is applied.

    Raises Broken, TooManyPixels.
    """
    try:
        with Image.open(source, formats=_FORMATS) as picture:
            return _write(picture)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise TooManyPixels from error
    except TooManyPixels:
        raise
    except Exception as error:  # Pillow's decoders raise nearly everything on damaged input
        raise Broken from error


def _write(picture: Image.Image) -> tuple[bytes, str]:
    kind = "jpeg" if picture.format in ("JPEG", "MPO") else str(picture.format).lower()
    if kind == "jpeg":
        if picture.width * picture.height > MAX_PIXELS:
            picture.draft("RGB", (REDUCED_SIDE, REDUCED_SIDE))
        frames = 1  # the further pictures of an MPO are previews
    else:
        frames = getattr(picture, "n_frames", 1)
    if picture.width * picture.height * frames > MAX_PIXELS:
        raise TooManyPixels
    out = BytesIO()
    if kind in ("gif", "webp") and frames > 1:
        picture.info.pop("comment", None)
        picture.save(out, kind, save_all=True)
        return out.getvalue(), kind
    profile = picture.info.get("icc_profile")
    upright = ImageOps.exif_transpose(picture)
    upright.info.clear()
    if kind == "jpeg":
        if upright.mode not in ("RGB", "L"):
            upright, profile = upright.convert("RGB"), None
        upright.save(out, "jpeg", quality=88, optimize=True, icc_profile=profile)
    elif kind == "webp":
        upright.save(out, "webp", quality=88, icc_profile=profile)
    else:
        upright.save(out, kind, icc_profile=profile)
    return out.getvalue(), kind
