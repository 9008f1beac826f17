"""Pictures are decoded and written anew, so nothing but what can be seen is kept: no EXIF, no GPS, no hidden payload."""

from io import BytesIO
from typing import IO

from PIL import Image, ImageOps

# Pixels of all frames together. 50 million decode to some 200 MB of memory; phones take pictures of 48 million.
MAX_PIXELS = 50_000_000
# A JPEG above the limit is decoded at a half, quarter or eighth of its size, but at least this many pixels wide and high.
REDUCED_SIDE = 5_000
# Small files that cost a minute: animations of countless tiny frames, JPEGs that paint the same picture again and again.
MAX_FRAMES = 1_000
MAX_SCANS = 40  # a progressive JPEG has some ten
_SCAN = b"\xff\xda"
_FORMATS = ("JPEG", "PNG", "WEBP", "GIF")
_QUICKLY = {"webp": {"method": 0}}  # a tenth of the time of WebP's usual method, for a file of the same size
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
            if picture.format in ("JPEG", "MPO"):
                _check_scans(source)
            return _write(picture)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise TooManyPixels from error
    except TooManyPixels:
        raise
    except Exception as error:  # Pillow's decoders raise nearly everything on damaged input
        raise Broken from error


def _write(picture: Image.Image) -> tuple[bytes, str]:
    kind = "jpeg" if picture.format in ("JPEG", "MPO") else str(picture.format).lower()
    # A progressive JPEG is kept in memory in full size, whatever is made of it.
    if kind == "jpeg" and picture.width * picture.height > MAX_PIXELS and not picture.info.get("progressive"):
        picture.draft("RGB", (REDUCED_SIDE, REDUCED_SIDE))
    if picture.width * picture.height > MAX_PIXELS:
        raise TooManyPixels
    out = BytesIO()
    if kind in ("gif", "webp") and _is_animated(picture):  # the further pictures of an MPO are previews
        picture.info.pop("comment", None)
        picture.save(out, kind, save_all=True, **_QUICKLY.get(kind, {}))
        return out.getvalue(), kind
    profile = picture.info.get("icc_profile")
    upright = ImageOps.exif_transpose(picture)
    upright.info.clear()
    if kind == "jpeg":
        if upright.mode not in ("RGB", "L"):
            upright, profile = upright.convert("RGB"), None
        upright.save(out, "jpeg", quality=88, optimize=True, icc_profile=profile)
    elif kind == "webp":
        upright.save(out, "webp", quality=88, icc_profile=profile, **_QUICKLY["webp"])
    else:
        upright.save(out, kind, icc_profile=profile)
    return out.getvalue(), kind


def _check_scans(source: IO[bytes]) -> None:
    """Raises Broken for a JPEG with more scans than any camera or program makes. Previews inside it count too."""
    place = source.tell()
    source.seek(0)
    scans = source.read().count(_SCAN)
    source.seek(place)
    if scans > MAX_SCANS:
        raise Broken


def _is_animated(picture: Image.Image) -> bool:
    """Raises TooManyPixels, after looking at no more frames than may be decoded: a GIF does not say how many it has."""
    most = min(MAX_FRAMES, MAX_PIXELS // (picture.width * picture.height))
    if not getattr(picture, "is_animated", False):
        return False
    try:
        picture.seek(most)
    except EOFError:
        picture.seek(0)
        return True
    raise TooManyPixels
