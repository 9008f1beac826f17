"""WeChat, Weibo and Facebook on loopback: they speak the real protocols, keep what they were told and misbehave on demand.

with SocialPlatforms([Account("wechat", url, {"app_id": "wx1"}, {"token": "…"})]) as platforms:
    settings.SOCIAL_SIMULATOR_URL = platforms.url
    platforms.wechat.push(account, "person", text="你好")
    platforms.fail_next(Fault.ERRCODE, 45015)
"""

from apps.channels.adapters.simulated.peer import Account, Fault, Knock, Reply
from apps.channels.adapters.simulated.server import SocialPlatforms

__all__ = ["Account", "Fault", "Knock", "Reply", "SocialPlatforms"]
