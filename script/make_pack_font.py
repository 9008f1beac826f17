#!/usr/bin/env python3
"""Makes the font of evidence packs: Noto Sans SC, cut down to what Chinese records need, and the list of what it covers.

    npm pack @expo-google-fonts/noto-sans-sc && tar xzf *.tgz
    .venv/bin/python script/make_pack_font.py package/400Regular/NotoSansSC_400Regular.ttf package/LICENSE_FONT

Kept: all of GBK (20,902 Chinese characters, simplified and traditional), Latin with its accents, Greek, Cyrillic,
punctuation, currency, arrows, box drawing, ticks. No hinting and no OpenType features: they are of no use on paper at
this size. The same input always gives the same bytes.
"""

import sys
from pathlib import Path

from fontTools import subset
from fontTools.ttLib import TTFont

FONTS = Path(__file__).resolve().parent.parent / "apps" / "billing" / "archive" / "fonts"
RANGES = (
    (0x20, 0x7E), (0xA0, 0x24F), (0x2B0, 0x36F), (0x370, 0x52F), (0x2000, 0x206F), (0x20A0, 0x20BF), (0x2100, 0x218F),
    (0x2190, 0x22FF), (0x2300, 0x23FF), (0x2460, 0x24FF), (0x2500, 0x26FF), (0x2700, 0x27BF), (0x3000, 0x30FF), (0x3200, 0x33FF),
    (0x4E00, 0x9FA5), (0xFE30, 0xFE4F), (0xFF00, 0xFFEF),
)  # fmt: skip
MOST_BYTES = 8 * 1024 * 1024


def gbk() -> set[int]:
    """Every character that GBK can write."""
    found = set()
    for high in range(0x81, 0xFF):
        for low in range(0x40, 0xFF):
            try:
                found.add(ord(bytes((high, low)).decode("gbk")))
            except UnicodeDecodeError:
                continue
    return found


def ranges(points: list[int]) -> list[str]:
    """`4e00-9fa5` for neighbours, `2212` for one alone."""
    found: list[list[int]] = []
    for point in points:
        if found and point == found[-1][1] + 1:
            found[-1][1] = point
        else:
            found.append([point, point])
    return [f"{first:x}" if first == last else f"{first:x}-{last:x}" for first, last in found]


def main() -> None:
    source, licence = Path(sys.argv[1]), Path(sys.argv[2])
    options = subset.Options()
    options.hinting, options.layout_features, options.notdef_outline = False, [], True
    options.name_IDs, options.name_languages = ["*"], [0x409]
    options.drop_tables += ["DSIG", "GSUB", "GPOS", "GDEF", "BASE", "vhea", "vmtx", "VORG", "STAT"]
    font = subset.load_font(str(source), options)
    cutter = subset.Subsetter(options)
    wanted = {point for first, last in RANGES for point in range(first, last + 1)} | gbk()
    cutter.populate(unicodes=wanted)
    cutter.subset(font)
    FONTS.mkdir(exist_ok=True)
    target = FONTS / "NotoSansSC-GBK.ttf"
    font["head"].modified = font["head"].created
    font.recalcTimestamp = False
    subset.save_font(font, str(target), options)
    covered = sorted(TTFont(target).getBestCmap())
    (FONTS / "covered.txt").write_text("\n".join(ranges(covered)) + "\n", encoding="ascii")
    (FONTS / "OFL.txt").write_bytes(licence.read_bytes())
    size = target.stat().st_size
    print(f"{target.name}: {len(covered)} characters, {size:,} bytes")
    if size > MOST_BYTES:
        sys.exit("too large: leave something out")


if __name__ == "__main__":
    main()
