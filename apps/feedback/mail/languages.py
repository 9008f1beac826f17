"""Which of the desk's languages a text is written in."""

import re

from apps.core.vocabulary import Language

SAMPLE = 3_000
_HAN = re.compile(r"[\u4e00-\u9fff]")
_LATIN = re.compile(r"[A-Za-z]{2,}")
# Frequent characters that only one of the two scripts has.
_SIMPLIFIED = frozenset(
    "这个们说国时会对过发无么经当与学进种将还见从样现问题质务户电话换订单货递联处决请谢吗给买购产议听开关机坏"
    "维书门东车长马鱼龙实让认识钱错铁银"
)
_TRADITIONAL = frozenset(
    "這個們說國時會對過發無麼經當與學進種將還見從樣現問題質務戶電話換訂單貨遞聯處決請謝嗎給買購產議聽開關機壞"
    "維書門東車長馬魚龍實讓認識錢錯鐵銀"
)


def guess(text: str) -> str:
    """Simplified Chinese unless traditional characters or English words clearly outweigh it."""
    sample = text[:SAMPLE]
    han = len(_HAN.findall(sample))
    if len(_LATIN.findall(sample)) >= 3 and han * 4 < len(_LATIN.findall(sample)) * 3:
        return Language.EN.value
    traditional = sum(c in _TRADITIONAL for c in sample)
    return (Language.ZH_HANT if traditional > sum(c in _SIMPLIFIED for c in sample) else Language.ZH_HANS).value
